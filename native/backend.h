#ifndef TCPNET_BACKEND_H_
#define TCPNET_BACKEND_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "address.h"
#include "loop.h"

namespace tcpnet {

/** What a session announces and browses. */
struct SessionOptions {
  std::string type;      // _my-cluster._tcp
  std::string instance;  // the instance name
  uint16_t port;
  std::vector<std::string> txt;
  uint32_t interface_index;  // 0: all
  bool probe;                // whether the name may be taken: RFC 6762 section 8.1
};

/** Where one instance was seen: on one interface, over one family of mDNS transport. */
struct Place {
  std::string instance;
  uint32_t interface_index;
  int family;  // 4 or 6

  bool operator<(const Place& other) const {
    if (interface_index != other.interface_index) return interface_index < other.interface_index;
    if (family != other.family) return family < other.family;
    return instance < other.instance;
  }
};

/** What the SRV and TXT records of an instance say, and the addresses of its host. */
struct InstanceData {
  std::string host;
  uint16_t port = 0;
  std::vector<std::string> txt;
  std::vector<Address> addresses;

  bool operator==(const InstanceData& other) const {
    return host == other.host && port == other.port && txt == other.txt && addresses == other.addresses;
  }
};

/**
 * Whether a name can be that of an instance of ours: hexadecimal digits. Others are not followed, which spares the
 * daemon and us the work for what strangers announce.
 */
inline bool IsUuid(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

/** How many places of instances a browse keeps count of; what is announced beyond that is not seen. */
constexpr size_t kMaxTracked = 16384;

/** Why a session ended. */
enum class Failure { kLibrary, kDaemon, kConflict, kRefused };

/** The name is announced. Once. */
struct Announced {};
/** What the daemon knew when the browse began has been told. Once. */
struct Settled {};
/** An instance was resolved at a place, or changed there. Its addresses are never empty. */
struct Found {
  Place place;
  InstanceData data;
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

using SessionEvent = std::variant<Announced, Settled, Found, Lost, Failed>;

/** One announcement and one browse. Destroying it withdraws the one and stops the other. */
class BackendSession {
 public:
  virtual ~BackendSession() = default;
};

/**
 * One DNS-SD library and its connection to the daemon. Every function runs on the discovery thread, and so does every
 * call of `tell`. Functions may block for as long as the daemon does.
 */
class Backend {
 public:
  using Tell = std::function<void(SessionEvent)>;

  virtual ~Backend() = default;

  /**
   * Starts a session. It cannot fail: a failure is told, at the earliest from within this call. Whoever is told
   * `Failed` still destroys the session, and not from within the call of `tell`.
   */
  virtual std::unique_ptr<BackendSession> Open(const SessionOptions& options, Tell tell) = 0;
};

/** libavahi-client, opened at run time. The loop outlives the back-end. */
std::unique_ptr<Backend> MakeAvahiBackend(Loop& loop);

/** dns_sd.h, opened at run time: Apple's library, or any other of that interface. The loop outlives the back-end. */
std::unique_ptr<Backend> MakeBonjourBackend(Loop& loop);

}  // namespace tcpnet

#endif  // TCPNET_BACKEND_H_
