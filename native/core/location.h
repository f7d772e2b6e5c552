#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "system/address.h"

namespace tcpnet {

/** Which machine announced an instance, if the daemon reports it. */
enum class Origin { kUnknown, kThisMachine, kAnotherMachine };

/** The data of an instance's SRV and TXT records. */
struct ServiceData {
  std::string host;
  uint16_t port = 0;
  std::vector<std::string> txt;
};

/** An address, and the interface on which it was found. */
struct Path {
  uint32_t interface_index;
  Address address;
  Origin origin;  // of the instance, on that interface
};

/** Where an instance is: its SRV and TXT records, and the addresses of its host. */
struct Location {
  ServiceData service;
  std::vector<Path> paths;  // never empty
};

}  // namespace tcpnet
