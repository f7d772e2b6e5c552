#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/activity.h"
#include "core/events.h"
#include "core/loop.h"
#include "core/place.h"
#include "core/session_options.h"
#include "core/target.h"
#include "system/address.h"

namespace tcpnet {

/** An instance that is announced. Discovery thread. */
class Publication : public Activity {
 public:
  /** The addresses of its own host name, where it has one, are these from now on. */
  virtual void SetAddresses(const std::vector<Address>& addresses) = 0;
};

/**
 * One connection to the daemon through one DNS-SD library. Every function runs on the discovery thread and may block
 * for as long as the daemon hangs; every callback is called there, from the loop or from within one of these functions.
 *
 * A broken connection does not recover: `broken` is called once, and from then on every lookup returns null.
 */
class Backend {
 public:
  /** `announced` or `failed` is called once; `failed` may also be called after `announced`. */
  struct AnnounceListener {
    std::function<void()> announced;
    Fail failed;
  };
  /** Instances appear and vanish by place; a place may appear several times, and vanishes as often. */
  struct BrowseListener {
    std::function<void(const Place& place, const std::string& domain, Origin origin)> appeared;
    std::function<void(const Place& place)> vanished;
    Fail failed;
  };
  using ServiceFound = std::function<void(const ServiceData& service)>;
  using AddressFound = std::function<void(const Address& address)>;

  virtual ~Backend() = default;

  /** Connects. Called once, before the other functions. Returns the failure, if there is one. */
  virtual std::optional<Failed> Connect(Fail broken) = 0;

  /** Ends all activities at once. They are still to be closed, which is then free of cost. Idempotent. */
  virtual void Close() = 0;

  /** How many instances may be looked up at once: the daemon limits its objects. */
  virtual size_t max_questions() const = 0;

  /** Whether instances can be announced under host names of their own. */
  virtual bool has_own_hosts() const = 0;

  /** The name of the daemon's host; empty where the library does not tell it. */
  virtual std::string host_name() const = 0;

  /**
   * Announces an instance, under its own host name where the options have one; else under the daemon's, and again by
   * itself when that changes. Nothing is announced without the permission of the options, which is taken when the
   * daemon has replied.
   */
  virtual std::unique_ptr<Publication> Announce(const SessionOptions& options, AnnounceListener listener) = 0;

  /** Browses the instances of a type on one interface, or on all (0). */
  virtual std::unique_ptr<Activity> Browse(const std::string& type, uint32_t interface_index,
                                           BrowseListener listener) = 0;

  /** Looks up an instance's SRV and TXT records. `found` is called again whenever they change. Null if refused. */
  virtual std::unique_ptr<Activity> LookUpService(const Target& target, ServiceFound found) = 0;

  /** Looks up a host's addresses at a place; an address may be found several times. Null if refused. */
  virtual std::unique_ptr<Activity> LookUpHost(const std::string& host, const Place& place, AddressFound found) = 0;
};

/** Opens a library at run time. The loop outlives the back-end. */
using BackendMaker = std::unique_ptr<Backend>(Loop& loop);

}  // namespace tcpnet
