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
 * dns_sd.h. Apple's library shares one connection to the daemon among all operations; with Avahi's, each operation has
 * a thread and a D-Bus connection of its own. Discovery thread. Each kind of activity is in a file of its own.
 */
class Backend final : public tcpnet::Backend {
 public:
  explicit Backend(Loop& loop) : loop_(loop), main_(loop, api_) {}

  std::optional<Failed> Connect(Fail broken) override;
  /** Nothing to do: releasing an operation asks nothing of the daemon that it would wait for. */
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

  /** Has the daemon reply, over another connection where the shared one is old. Apple's library. */
  Error Ping();

  /** Starts an operation; `call` is given the reference to make it with, and the flags that have to be passed. */
  Error Start(Operation& operation, const std::function<Error(Ref*, Flags)>& call);

  /** `error` as an event; where it means that the daemon is gone, the connection is broken too. */
  Failed FailedBy(Error error);

  /** The index to pass for an interface, and back: Apple's daemon serves loopback under another name. */
  uint32_t ToDaemon(uint32_t interface_index) const;
  uint32_t FromDaemon(uint32_t interface_index) const;

 private:
  Loop& loop_;
  const Api api_;
  Operation main_;         // the shared connection, where there is one; released after all operations over it
  bool is_fresh_ = false;  // the daemon has replied, and nothing was asked of it since
  bool is_broken_ = false;
  Fail broken_;
};

/**
 * Where Avahi's daemon is not in this network namespace, it is libavahi-client's back-end: Avahi's libdns_sd, which is
 * a layer over that library, registers no address records, and those are needed then.
 */
std::unique_ptr<tcpnet::Backend> MakeBackend(Loop& loop);

}  // namespace tcpnet::dns_sd
