#ifndef TCPNET_DNS_SD_LINK_H_
#define TCPNET_DNS_SD_LINK_H_

#include <functional>
#include <optional>

#include "core/events.h"
#include "core/loop.h"
#include "dns_sd/api.h"
#include "dns_sd/operation.h"

namespace tcpnet::dns_sd {

/**
 * The way to the daemon through dns_sd.h. Apple's library shares one connection among all operations; with Avahi's,
 * each operation has a thread and a D-Bus connection of its own. It breaks once, for good.
 */
class Link {
 public:
  explicit Link(Loop& loop) : loop_(loop), main_(loop, api_) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /** Says why where there is no connection. */
  std::optional<Failed> Connect(std::function<void(const Failed&)> broken);

  /** Has the daemon reply, over another connection where the shared one is old. Apple's library. */
  Error Ping();

  Loop& loop() { return loop_; }
  const Api& api() const { return api_; }
  bool usable() const { return !is_broken_; }
  /** Whether the library is Apple's, which takes flags, or Avahi's, which refuses all of them and prints a warning. */
  bool takes_flags() const { return api_.is_apples(); }

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
  Operation main_;         // the shared connection, where there is one
  bool is_fresh_ = false;  // the daemon has replied, and nothing was asked of it since
  bool is_broken_ = false;
  std::function<void(const Failed&)> broken_;
};

}  // namespace tcpnet::dns_sd

#endif  // TCPNET_DNS_SD_LINK_H_
