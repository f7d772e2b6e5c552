#pragma once

#include <atomic>

namespace tcpnet {

/**
 * Whether a session may announce. The daemon's first reply, on the discovery thread, and the caller's timeout, on the
 * JavaScript thread, race for it: the first one decides permanently.
 */
class Permission {
 public:
  /** Whether the session may announce. Discovery thread, after the daemon's reply and before anything is announced. */
  bool Take() { return Decide(kTaken); }

  /** Whether the session will never announce; false if it may already have announced. JavaScript thread. */
  bool Withdraw() { return Decide(kWithdrawn); }

 private:
  enum State { kOpen, kTaken, kWithdrawn };

  bool Decide(State wanted) {
    State found = kOpen;
    return state_.compare_exchange_strong(found, wanted) || found == wanted;
  }

  std::atomic<State> state_{kOpen};
};

}  // namespace tcpnet
