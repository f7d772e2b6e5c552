#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/location.h"

/** The events that the discovery thread sends to JavaScript. */
namespace tcpnet {

/** The daemon has replied, and accepts the announcement. Once, unless the session fails before. */
struct Answered {};
/** The name is announced. Once. */
struct Announced {};
/** The daemon runs in another network namespace: the instance is announced under a host name of its own. Once, if at
 * all. */
struct Elsewhere {};
/** What the daemon says of its host, whose name is not this machine's. Once, if at all. */
struct DaemonHost {
  std::vector<Address> addresses;  // never empty
};
/** An instance is announced on at least one interface. */
struct Seen {
  std::string uuid;
};
/** An instance that was seen is no longer announced on any interface. */
struct Gone {
  std::string uuid;
};

/** Why a session ended. */
enum class Failure { kLibrary, kDaemon, kConflict, kRefused };
/** The session has ended; no event follows. */
struct Failed {
  Failure failure;
  std::string message;
};
using Fail = std::function<void(const Failed&)>;

/** The events of a session. */
using SessionEvent = std::variant<Elsewhere, Answered, Announced, DaemonHost, Seen, Gone, Failed>;
using OnEvent = std::function<void(SessionEvent)>;

/** A session is closed: the daemon has received the withdrawal. */
struct Closed {};

/** The answer to the question where an instance is. */
struct Located {
  std::optional<Location> location;  // none: the instance was not seen
};

/** The answer to a query for a host's addresses. */
struct HostAddresses {
  std::string error;  // empty: none
  std::vector<Address> addresses;
};

/** An event, and the id of the session, question or query that it belongs to. */
struct Event {
  uint64_t id;
  std::variant<SessionEvent, Closed, Located, HostAddresses> what;
};

}  // namespace tcpnet
