#pragma once

#include <functional>

#include "core/loop.h"
#include "dns_sd/api.h"

namespace tcpnet::dns_sd {

/**
 * One call of dns_sd.h that goes on until it is released. It calls back with whoever owns this, and so ends with it at
 * the latest; not from within a callback of its own. Discovery thread.
 */
class Operation {
 public:
  Operation(Loop& loop, const Api& api) : loop_(loop), api_(api) {}
  ~Operation() { Release(); }
  Operation(const Operation&) = delete;

  /**
   * Calls `start`, which makes the reference out of the one it is given: null, or the shared connection. `failed` is
   * called, from the loop, when the connection to the daemon broke.
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
  Loop::Watch* watch_ = nullptr;  // null where the shared connection is watched instead
  std::function<void(Error)> failed_;
};

}  // namespace tcpnet::dns_sd
