#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/backend.h"
#include "dns_sd/api.h"
#include "dns_sd/operation.h"

namespace tcpnet::dns_sd {

/**
 * The back-end over dns_sd.h. Apple's library shares one connection to the daemon among all operations; with Avahi's,
 * each operation has its own thread and D-Bus connection. Discovery thread. Each kind of activity has its own file.
 */
class Backend final : public tcpnet::Backend {
 public:
  explicit Backend(Loop& loop) : loop_(loop), main_(loop, api_) {}

  std::optional<Failed> Connect(Fail broken) override;
  /** Does nothing: releasing an operation does not wait for the daemon. */
  void Close() override {}
  size_t max_questions() const override;
  /** Avahi's library refuses address records; Apple's daemon runs where its clients do. */
  bool has_own_hosts() const override { return false; }
  std::string host_name() const override { return {}; }
  std::unique_ptr<Publication> Announce(const SessionOptions& options, AnnounceListener listener) override;
  std::unique_ptr<Activity> Browse(const std::string& type, uint32_t interface_index, BrowseListener listener) override;
  std::unique_ptr<Activity> LookUpService(const Target& target, ServiceFound found) override;
  std::unique_ptr<Activity> LookUpHost(const std::string& host, const Place& place, AddressFound found) override;

  // What follows is for the activities.

  Loop& loop() { return loop_; }
  const Api& api() const { return api_; }

  /** Waits for a reply of the daemon, over a new connection unless the shared one is fresh. Apple's library. */
  Error Ping();

  /** Starts an operation; `call` makes it, with the reference and the flags that it receives. */
  Error Start(Operation& operation, const std::function<Error(Ref*, Flags)>& call);

  /** `error` as an event; if it means that the daemon is gone, the connection is marked as broken. */
  Failed FailedBy(Error error);

  /** An interface's index as the daemon takes it, and back: Apple's daemon has a special index for loopback. */
  uint32_t ToDaemon(uint32_t interface_index) const;
  uint32_t FromDaemon(uint32_t interface_index) const;

 private:
  Loop& loop_;
  const Api api_;
  Operation main_;         // the shared connection, if there is one; released after all operations over it
  bool is_fresh_ = false;  // the daemon has replied, and no request followed
  bool is_broken_ = false;
  Fail broken_;
};

/**
 * Where Avahi's daemon is not in this network namespace, it is libavahi-client's back-end: Avahi's libdns_sd, which is
 * a layer over that library, registers no address records, and those are needed then.
 */
std::unique_ptr<tcpnet::Backend> MakeBackend(Loop& loop);

}  // namespace tcpnet::dns_sd
