#include "core/loop.h"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace tcpnet {

Loop::Watch* Loop::AddWatch(int fd, short events, std::function<void()> callback) {
  watches_.push_back(std::unique_ptr<Watch>(new Watch{fd, events, 0, false, std::move(callback)}));
  return watches_.back().get();
}

Loop::Timer* Loop::AddTimer(std::function<void()> callback) {
  timers_.push_back(std::unique_ptr<Timer>(new Timer{false, false, {}, std::move(callback)}));
  return timers_.back().get();
}

void Loop::Arm(Timer* timer, std::chrono::milliseconds delay) {
  timer->armed = true;
  timer->due = Clock::now() + delay;
}

void Loop::RunOnce() {
  Sweep();
  Poll();
  // By index: callbacks add watches. Those are polled in the next round.
  for (size_t i = 0, count = watches_.size(); i < count; i++) {
    Watch& watch = *watches_[i];
    if (!watch.removed && watch.ready != 0) watch.callback();
  }
  FireTimers();
}

/** Milliseconds until the first timer is due, or -1. */
int Loop::Timeout() const {
  auto first = Clock::time_point::max();
  for (const auto& timer : timers_) {
    if (timer->armed && !timer->removed) first = std::min(first, timer->due);
  }
  if (first == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - Clock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 60'000));
}

void Loop::Poll() {
  std::vector<pollfd> fds;
  fds.reserve(watches_.size());
  for (const auto& watch : watches_) fds.push_back({watch->fd, watch->events, 0});
  const int count = poll(fds.data(), static_cast<nfds_t>(fds.size()), Timeout());
  for (size_t i = 0; i < fds.size(); i++) watches_[i]->ready = count > 0 ? fds[i].revents : 0;
}

void Loop::FireTimers() {
  const auto now = Clock::now();
  for (size_t i = 0, count = timers_.size(); i < count; i++) {
    Timer& timer = *timers_[i];
    if (timer.removed || !timer.armed || timer.due > now) continue;
    timer.armed = false;
    timer.callback();
  }
}

void Loop::Sweep() {
  const auto removed = [](const auto& entry) { return entry->removed; };
  watches_.erase(std::remove_if(watches_.begin(), watches_.end(), removed), watches_.end());
  timers_.erase(std::remove_if(timers_.begin(), timers_.end(), removed), timers_.end());
}

}  // namespace tcpnet
