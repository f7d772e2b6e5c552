#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "core/location.h"

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

/** An instance of a type, at a place. */
struct Target {
  Place place;
  std::string type;
  std::string domain;
  Origin origin;
};

}  // namespace tcpnet
