#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "core/events.h"

namespace tcpnet {

/**
 * Brings events from the discovery thread to the JavaScript thread: Push() on the one, Pop() on the other. For each
 * event `notify` is called once; an event stays in the queue even if that call is lost.
 *
 * The number of instances bounds the queue, however often they come and go: a `Seen` and a `Gone` of the same session
 * and instance cancel each other while both wait.
 */
class EventQueue {
 public:
  /** `notify` is called, on any thread, until Shut(). */
  explicit EventQueue(std::function<void()> notify) : notify_(std::move(notify)) {}

  /** Adds an event; drops it after Shut(). Any thread. */
  void Push(Event event);

  /** The oldest event, or nothing. JavaScript thread. */
  std::optional<Event> Pop();

  /** Drops the events that wait, and all later ones: `notify` is not called any more. JavaScript thread. */
  void Shut();

 private:
  using Subject = std::pair<uint64_t, std::string>;  // the session's id, an instance's uuid
  struct Slot {
    Event event;
    bool cancelled;
  };

  bool Coalesce(Event& event);

  std::mutex mutex_;              // guards what follows
  std::function<void()> notify_;  // null after Shut()
  std::deque<Slot> slots_;
  uint64_t popped_ = 0;                  // the number of slots taken, which is also the number of the oldest slot
  std::map<Subject, uint64_t> waiting_;  // the slot number of each instance that has one
};

}  // namespace tcpnet
