#pragma once

#include <cstdint>
#include <string>
#include <tuple>

namespace tcpnet {

/** Where an instance's name was seen: an interface, and the address family of the mDNS transport. */
struct Place {
  uint32_t interface_index;
  int family;            // 4 or 6
  std::string instance;  // as it is spelt there: DNS names that differ only in case are the same

  bool operator<(const Place& other) const {
    return std::tie(interface_index, family, instance) < std::tie(other.interface_index, other.family, other.instance);
  }
};

}  // namespace tcpnet
