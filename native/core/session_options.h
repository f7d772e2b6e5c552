#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/permission.h"

namespace tcpnet {

/** What a session announces and browses. */
struct SessionOptions {
  std::string type;      // _my-cluster._tcp
  std::string instance;  // the instance name
  uint16_t port;
  std::vector<std::string> txt;
  uint32_t interface_index;  // 0: all
  bool probe;                // whether another host may have the name: RFC 6762 section 8.1
  std::shared_ptr<Permission> permission = std::make_shared<Permission>();
};

}  // namespace tcpnet
