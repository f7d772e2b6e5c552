#pragma once

#include <cstdint>
#include <string>
#include <tuple>

namespace tcpnet {

/** Where an instance's name was seen: on one interface, over one family of mDNS transport. */
struct Place {
  uint32_t interface_index;
  int family;            // 4 or 6
  std::string instance;  // as it is written there: DNS names that differ in case alone are the same

  bool operator<(const Place& other) const {
    return std::tie(interface_index, family, instance) < std::tie(other.interface_index, other.family, other.instance);
  }
};

}  // namespace tcpnet
