#pragma once

#include <atomic>

namespace tcpnet {

/**
 * Whether a session may announce. The daemon's first reply and the end of the caller's patience race for it, on two
 * threads: whichever comes first decides, for good.
 */
class Permission {
 public:
  /** Discovery thread, once the daemon has replied and before anything is announced. Whether the session may announce.
   */
  bool Take() { return Decide(kTaken); }

  /** JavaScript thread. Whether the session will never announce: false where it may do so already. */
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
