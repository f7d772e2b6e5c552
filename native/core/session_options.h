#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/permission.h"
#include "system/address.h"

namespace tcpnet {

/** The host name of an instance's own, which is its instance name in the daemon's domain. */
struct OwnHost {
  std::vector<Address> addresses;
  bool is_needed;  // whether the daemon is known to be elsewhere
};

/** What a session announces and browses. */
struct SessionOptions {
  std::string type;      // _my-cluster._tcp
  std::string instance;  // the instance name
  uint16_t port;
  std::vector<std::string> txt;
  uint32_t interface_index;         // 0: all
  bool probe;                       // whether the name may be taken: RFC 6762 section 8.1
  std::optional<OwnHost> own_host;  // used where the daemon runs in another network namespace; none: never
  std::shared_ptr<Permission> permission = std::make_shared<Permission>();
};

}  // namespace tcpnet
