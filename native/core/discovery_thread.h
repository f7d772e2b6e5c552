#pragma once

#include <pthread.h>

#include <cstdint>
#include <memory>

#include "core/event_queue.h"
#include "core/mailbox.h"

namespace tcpnet {

/**
 * The one thread of an environment that talks to the daemon. It may hang for as long as the daemon does, so every wait
 * for it has a limit: what it uses it owns together with this handle, and keeps when it is left behind.
 * All functions are called on the JavaScript thread and return at once, except Stop().
 */
class DiscoveryThread {
 public:
  explicit DiscoveryThread(std::shared_ptr<EventQueue> events);
  DiscoveryThread(const DiscoveryThread&) = delete;

  /** Starts the thread. False where the system refuses one, or the pipe that wakes it. Idempotent. */
  bool Start();

  /** Has the thread run a command, after those that were posted before. */
  void Post(Mailbox::Command command);

  /** Forgets the command that would begin this, where the daemon hangs. False where it has begun already. */
  bool Cancel(uint64_t id);

  /** Ends the thread; leaves it behind where it does not end within 200 ms. Idempotent; called before destruction. */
  void Stop();

 private:
  struct Shared;

  static void* Run(void* shared);

  const std::shared_ptr<Shared> shared_;
  bool started_ = false;
  pthread_t thread_{};
};

}  // namespace tcpnet
