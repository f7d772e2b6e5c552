#ifndef TCPNET_CORE_EVENTS_H_
#define TCPNET_CORE_EVENTS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "core/address.h"

namespace tcpnet {

/** Which machine announced an instance, as far as the daemon tells. */
enum class Origin { kUnknown, kThisMachine, kAnotherMachine };

/** Why a session ended. */
enum class Failure { kLibrary, kDaemon, kConflict, kRefused };

/** The daemon has taken the announcement on: there is one, and it answers. Once, except where the session failed. */
struct Answered {};
/** The name is announced. Once. */
struct Announced {};
/** An instance is announced on at least one interface. */
struct Seen {
  std::string uuid;
};
/** One that was seen is announced on no interface any more. */
struct Gone {
  std::string uuid;
};
/** The session has ended; nothing follows. */
struct Failed {
  Failure failure;
  std::string message;
};

/** What a session tells. */
using SessionEvent = std::variant<Answered, Announced, Seen, Gone, Failed>;
using Tell = std::function<void(SessionEvent)>;

/** An address, and the interface on which it was learned. */
struct Path {
  uint32_t interface_index;
  Address address;
  Origin origin;  // of the instance, on that interface
};

/** Where an instance is: its SRV and TXT records, and the addresses of its host. */
struct Location {
  std::string host;
  uint16_t port = 0;
  std::vector<std::string> txt;
  std::vector<Path> paths;  // never empty
};

}  // namespace tcpnet

#endif  // TCPNET_CORE_EVENTS_H_
