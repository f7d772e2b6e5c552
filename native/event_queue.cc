#include "event_queue.h"

#include <utility>

namespace tcpnet {

namespace {

template <typename Kind>
const Kind* As(const Event& event) {
  const auto* told = std::get_if<SessionEvent>(&event.what);
  return told != nullptr ? std::get_if<Kind>(told) : nullptr;
}

}  // namespace

void EventQueue::Push(Event event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (notify_ == nullptr || Replace(event)) return;
  events_.push_back(std::move(event));
  napi_call_threadsafe_function(notify_, nullptr, napi_tsfn_nonblocking);
}

/** Puts a `Found` where an older one waits. Otherwise keeps in mind what it will be for those that follow. */
bool EventQueue::Replace(Event& event) {
  if (const auto* found = As<Found>(event)) {
    const auto [waiting, is_new] = found_.try_emplace({event.id, found->place}, popped_ + events_.size());
    if (!is_new) events_[waiting->second - popped_] = std::move(event);
    return !is_new;
  }
  if (const auto* lost = As<Lost>(event)) found_.erase({event.id, lost->place});
  return false;
}

std::optional<Event> EventQueue::Pop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  if (const auto* found = As<Found>(event)) {
    const auto waiting = found_.find({event.id, found->place});
    if (waiting != found_.end() && waiting->second == popped_) found_.erase(waiting);
  }
  popped_++;
  return event;
}

void EventQueue::Shut() {
  const std::lock_guard<std::mutex> lock(mutex_);
  notify_ = nullptr;
  events_.clear();
  found_.clear();
}

}  // namespace tcpnet
