#include "avahi/poll.h"

#include <algorithm>

namespace tcpnet::avahi {

/** The library's handle of a watch: made by watch_new, deleted by watch_free, perhaps from within its callback. */
struct Watch {
  Loop::Watch* watch;
};

/** The library's handle of a timer: made by timeout_new, deleted by timeout_free, perhaps from within its callback. */
struct Timeout {
  Loop::Timer* timer;
};

namespace {

Watch* WatchNew(const Poll* poll, int fd, int events, WatchCallback* callback, void* userdata) {
  auto* self = new Watch{nullptr};
  // The library's constants are those of poll(2).
  self->watch =
      static_cast<Loop*>(poll->userdata)->AddWatch(fd, static_cast<short>(events), [self, fd, callback, userdata] {
        callback(self, fd, self->watch->ready, userdata);
      });
  return self;
}

void WatchUpdate(Watch* self, int events) {
  self->watch->events = static_cast<short>(events);
}

int WatchGetEvents(Watch* self) {
  return self->watch->ready;
}

void WatchFree(Watch* self) {
  Loop::Remove(self->watch);
  delete self;
}

/** Arms the timer for a time of day, the library's form of a deadline; null disarms it. */
void TimeoutUpdate(Timeout* self, const timeval* when) {
  if (when == nullptr) {
    self->timer->armed = false;
    return;
  }
  timeval now;
  gettimeofday(&now, nullptr);
  const long long left = (when->tv_sec - now.tv_sec) * 1000LL + (when->tv_usec - now.tv_usec) / 1000;
  Loop::Arm(self->timer, std::chrono::milliseconds(std::max(0LL, left)));
}

Timeout* TimeoutNew(const Poll* poll, const timeval* when, TimeoutCallback* callback, void* userdata) {
  auto* self = new Timeout{nullptr};
  self->timer = static_cast<Loop*>(poll->userdata)->AddTimer([self, callback, userdata] { callback(self, userdata); });
  TimeoutUpdate(self, when);
  return self;
}

void TimeoutFree(Timeout* self) {
  Loop::Remove(self->timer);
  delete self;
}

}  // namespace

Poll MakePoll(Loop& loop) {
  return {&loop, WatchNew, WatchUpdate, WatchGetEvents, WatchFree, TimeoutNew, TimeoutUpdate, TimeoutFree};
}

}  // namespace tcpnet::avahi
