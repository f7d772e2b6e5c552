#ifndef TCPNET_CORE_BACKEND_H_
#define TCPNET_CORE_BACKEND_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/address.h"
#include "core/events.h"
#include "core/loop.h"
#include "core/permission.h"

namespace tcpnet {

/** What a session announces and browses. */
struct SessionOptions {
  std::string type;      // _my-cluster._tcp
  std::string instance;  // the instance name
  uint16_t port;
  std::vector<std::string> txt;
  uint32_t interface_index;  // 0: all
  bool probe;                // whether the name may be taken: RFC 6762 section 8.1
  std::shared_ptr<Permission> permission = std::make_shared<Permission>();
};

/** Where an instance's name was seen: on one interface, over one family of mDNS transport. */
struct Place {
  std::string instance;
  uint32_t interface_index;
  int family;  // 4 or 6

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

/** A host, as one interface and one family of mDNS transport know it. */
struct HostKey {
  std::string name;
  uint32_t interface_index;
  int family;  // 4 or 6
};

/** What the SRV and TXT records of an instance say. */
struct ServiceData {
  std::string host;
  uint16_t port;
  std::vector<std::string> txt;
};

/** Something that the daemon does for us until this is destroyed, which must not happen from within its own callback.
 */
class Activity {
 public:
  virtual ~Activity() = default;
};

/** What a browse tells. Instances come and go by place; a place may come several times, and goes as often. */
struct BrowseListener {
  std::function<void(const Place& place, const std::string& domain, Origin origin)> appeared;
  std::function<void(const Place& place)> vanished;
  std::function<void(const Failed&)> failed;
};

/**
 * One connection to the daemon through one DNS-SD library. Every function runs on the discovery thread and may block
 * for as long as the daemon does; every callback is called there, from the loop or from within one of these functions.
 *
 * A connection breaks once, for good: `broken` is called, and from then on every lookup is refused: null.
 */
class Backend {
 public:
  /** How many objects of the daemon lookups may use at once, and how many the lookups at one place use. */
  struct Limits {
    size_t objects;
    size_t per_place;
  };

  virtual ~Backend() = default;

  /** Connects. Called once, first. Says why where it cannot. */
  virtual std::optional<Failed> Connect(std::function<void(const Failed&)> broken) = 0;

  /** Ends whatever goes on, at once. The activities are still to be destroyed. */
  virtual void Disconnect() = 0;

  virtual Limits limits() const = 0;

  /**
   * Announces an instance, and announces it again by itself when the name of this host changes. `announced` is called
   * once, or `failed` is; `failed` may follow. Nothing is announced without the permission of the options, which is
   * taken when the daemon has replied. Destroying the activity withdraws the announcement before it returns.
   */
  virtual std::unique_ptr<Activity> Announce(const SessionOptions& options, std::function<void()> announced,
                                             std::function<void(const Failed&)> failed) = 0;

  /** Looks for the instances of a type on one interface, or on all (0). */
  virtual std::unique_ptr<Activity> Browse(const std::string& type, uint32_t interface_index,
                                           BrowseListener listener) = 0;

  /** Looks up an instance's SRV and TXT records. `found` is called again whenever they change. Null where refused. */
  virtual std::unique_ptr<Activity> LookUpService(const Target& target,
                                                  std::function<void(const ServiceData&)> found) = 0;

  /** Looks up a host's addresses; tells each that is added, and each that goes. Null where refused. */
  virtual std::unique_ptr<Activity> LookUpHost(const HostKey& host,
                                               std::function<void(const Address&, bool added)> changed) = 0;
};

/** libavahi-client, opened at run time. The loop outlives the back-end. */
std::unique_ptr<Backend> MakeAvahiBackend(Loop& loop);

/** dns_sd.h, opened at run time: Apple's library, or any other of that interface. The loop outlives the back-end. */
std::unique_ptr<Backend> MakeBonjourBackend(Loop& loop);

}  // namespace tcpnet

#endif  // TCPNET_CORE_BACKEND_H_
