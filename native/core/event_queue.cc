#include "core/event_queue.h"

#include <utility>

namespace tcpnet {

namespace {

/** The instance that an event names; null if it names none. */
const std::string* UuidOf(const Event& event) {
  const auto* of_session = std::get_if<SessionEvent>(&event.what);
  if (of_session == nullptr) return nullptr;
  if (const auto* seen = std::get_if<Seen>(of_session)) return &seen->uuid;
  if (const auto* gone = std::get_if<Gone>(of_session)) return &gone->uuid;
  return nullptr;
}

}  // namespace

void EventQueue::Push(Event event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (notify_ == nullptr || Coalesce(event)) return;
  slots_.push_back({std::move(event), false});
  notify_();
}

/**
 * A session emits `Seen` and `Gone` of an instance alternately. So if one waits, the next is its opposite, and the two
 * cancel each other; the one after that uses the same slot again.
 */
bool EventQueue::Coalesce(Event& event) {
  const std::string* uuid = UuidOf(event);
  if (uuid == nullptr) return false;
  const auto [waiting, is_new] = waiting_.try_emplace({event.id, *uuid}, popped_ + slots_.size());
  if (is_new) return false;
  Slot& slot = slots_[waiting->second - popped_];
  slot = {std::move(event), !slot.cancelled};
  return true;
}

std::optional<Event> EventQueue::Pop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (slots_.empty()) return std::nullopt;
  Slot slot = std::move(slots_.front());
  slots_.pop_front();
  popped_++;
  if (const std::string* uuid = UuidOf(slot.event)) waiting_.erase({slot.event.id, *uuid});
  return slot.cancelled ? std::nullopt : std::optional(std::move(slot.event));
}

void EventQueue::Shut() {
  const std::lock_guard<std::mutex> lock(mutex_);
  notify_ = nullptr;
  slots_.clear();
  waiting_.clear();
}

}  // namespace tcpnet
