#pragma once

#include <functional>

#include "core/loop.h"
#include "dns_sd/api.h"

namespace tcpnet::dns_sd {

/**
 * One call of dns_sd.h that continues until it is released. Its callbacks use the owner of this object, so the
 * destructor releases it; not to be released from within a callback of its own. Discovery thread.
 */
class Operation {
 public:
  Operation(Loop& loop, const Api& api) : loop_(loop), api_(api) {}
  ~Operation() { Release(); }
  Operation(const Operation&) = delete;

  /**
   * Calls `start`, which makes the reference from the one that it receives: null, or the shared connection. `failed` is
   * called, from the loop, when the connection to the daemon breaks.
   */
  Error Start(Ref shared, const std::function<Error(Ref*)>& start, std::function<void(Error)> failed);

  /** Ends the operation. Idempotent. */
  void Release();

  bool running() const { return ref_ != nullptr; }
  Ref ref() const { return ref_; }

 private:
  void Process();

  Loop& loop_;
  const Api& api_;
  Ref ref_ = nullptr;             // owned
  Loop::Watch* watch_ = nullptr;  // null if the shared connection is watched instead
  std::function<void(Error)> failed_;
};

}  // namespace tcpnet::dns_sd
