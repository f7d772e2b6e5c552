#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace tcpnet {

/**
 * The discovery thread's poll loop. Not thread-safe: made, used and destroyed on one thread. Watches and timers may be
 * added and removed at any time, also from within their own callbacks.
 */
class Loop {
 public:
  using Clock = std::chrono::steady_clock;

  /** A file descriptor that the loop polls. Owned by the loop, valid until Remove(). */
  struct Watch {
    int fd;
    short events;  // POLLIN, POLLOUT
    short ready;   // the result of the last poll()
    bool removed;
    std::function<void()> callback;
  };

  /** A timer. Owned by the loop, valid until Remove(). */
  struct Timer {
    bool armed;
    bool removed;
    Clock::time_point due;
    std::function<void()> callback;
  };

  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Watch* AddWatch(int fd, short events, std::function<void()> callback);

  /** Makes a timer that is not armed. It is disarmed before its callback is called. */
  Timer* AddTimer(std::function<void()> callback);
  static void Arm(Timer* timer, std::chrono::milliseconds delay);

  /** Ends a watch or a timer, and sets the pointer to null; does nothing if it is null. */
  template <typename Entry>
  static void Remove(Entry*& entry) {
    if (entry != nullptr) entry->removed = true;
    entry = nullptr;
  }

  /** Waits until a watch is ready or a timer is due, and calls the callbacks of all that are. */
  void RunOnce();

 private:
  int Timeout() const;
  void Poll();
  void FireTimers();
  void Sweep();

  std::vector<std::unique_ptr<Watch>> watches_;
  std::vector<std::unique_ptr<Timer>> timers_;
};

}  // namespace tcpnet
