#include "event_queue.h"

#include <utility>

namespace tcpnet {

void EventQueue::Push(Event event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (notify_ == nullptr) return;
  events_.push_back(std::move(event));
  napi_call_threadsafe_function(notify_, nullptr, napi_tsfn_nonblocking);
}

std::optional<Event> EventQueue::Pop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void EventQueue::Shut() {
  const std::lock_guard<std::mutex> lock(mutex_);
  notify_ = nullptr;
  events_.clear();
}

}  // namespace tcpnet
