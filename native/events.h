#ifndef TCPNET_EVENTS_H_
#define TCPNET_EVENTS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "address.h"

namespace tcpnet {

/** Where one instance was seen: on one interface, over one family of mDNS transport. */
struct Place {
  std::string instance;
  uint32_t interface_index;
  int family;  // 4 or 6

  bool operator<(const Place& other) const {
    return std::tie(interface_index, family, instance) < std::tie(other.interface_index, other.family, other.instance);
  }
};

/** Which machine announced an instance, as far as the daemon tells. */
enum class Origin { kUnknown, kThisMachine, kAnotherMachine };

/** All that is known of an instance at a place. */
struct InstanceData {
  std::string host;
  uint16_t port = 0;
  std::vector<std::string> txt;
  std::vector<Address> addresses;

  bool operator==(const InstanceData& other) const {
    return host == other.host && port == other.port && txt == other.txt && addresses == other.addresses;
  }
};

/** Why a session ended. */
enum class Failure { kLibrary, kDaemon, kConflict, kRefused };

/** The daemon has taken the announcement on: there is one, and it answers. Once, except where the session failed. */
struct Answered {};
/** The name is announced. Once. */
struct Announced {};
/** An instance was resolved at a place, or changed there. Its addresses are never empty. */
struct Found {
  Place place;
  InstanceData data;
  Origin origin;
};
/** A place that was found is gone. */
struct Lost {
  Place place;
};
/** The session has ended; nothing follows. */
struct Failed {
  Failure failure;
  std::string message;
};

/** What a session tells. */
using SessionEvent = std::variant<Answered, Announced, Found, Lost, Failed>;
using Tell = std::function<void(SessionEvent)>;

}  // namespace tcpnet

#endif  // TCPNET_EVENTS_H_
