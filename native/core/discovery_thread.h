#pragma once

#include <pthread.h>

#include <cstdint>
#include <memory>

#include "core/event_queue.h"
#include "core/mailbox.h"

namespace tcpnet {

/**
 * The one thread of an environment that talks to the daemon. It may hang for as long as the daemon hangs, so every wait
 * for it has a limit: it shares the ownership of what it uses with this handle, and keeps it when the thread is left
 * behind. All functions are called on the JavaScript thread and return at once, except Stop().
 */
class DiscoveryThread {
 public:
  explicit DiscoveryThread(std::shared_ptr<EventQueue> events);
  DiscoveryThread(const DiscoveryThread&) = delete;

  /** Starts the thread. False if the system refuses the thread, or the pipe that wakes it. Idempotent. */
  bool Start();

  /** Runs a command on the thread, after the commands that were posted before. */
  void Post(Mailbox::Command command);

  /** Removes the command that would begin a session or question. False if it was taken already. */
  bool Cancel(uint64_t id);

  /** Ends the thread, or leaves it behind if it does not end within 200 ms. Idempotent; called before destruction. */
  void Stop();

 private:
  struct Shared;

  static void* Run(void* shared);

  const std::shared_ptr<Shared> shared_;
  bool started_ = false;
  pthread_t thread_{};
};

}  // namespace tcpnet
