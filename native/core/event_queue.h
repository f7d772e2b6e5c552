#ifndef TCPNET_CORE_EVENT_QUEUE_H_
#define TCPNET_CORE_EVENT_QUEUE_H_

#include <node_api.h>

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/events.h"

namespace tcpnet {

/** A session is closed: the daemon was told. */
struct Closed {};

/** What became of a query for addresses. */
struct QueryResult {
  std::string error;  // empty: none
  std::vector<Address> addresses;
};

/** What became of the question where an instance is. */
struct Located {
  std::optional<Location> location;  // none: the daemon does not know
};

/** Something that the discovery thread has to tell to JavaScript. */
struct Event {
  uint64_t id;  // of the session or the question
  std::variant<SessionEvent, Closed, Located, QueryResult> what;
};

/**
 * Brings events from the discovery thread to the JavaScript thread: Push() on the one, Pop() on the other. For each
 * event the thread-safe function is called once, without data: the events belong to the queue, whatever becomes of the
 * calls.
 *
 * What waits here is bounded by the number of instances, not by how often they come and go: a `Seen` and a `Gone` of
 * the same session and instance cancel each other while both wait.
 */
class EventQueue {
 public:
  /** `notify` is called, on any thread, until Shut(). */
  explicit EventQueue(napi_threadsafe_function notify) : notify_(notify) {}

  /** Adds an event; drops it after Shut(). Any thread. */
  void Push(Event event);

  /** The oldest event, or nothing. JavaScript thread. */
  std::optional<Event> Pop();

  /** Ends the use of the thread-safe function. JavaScript thread. */
  void Shut();

 private:
  using Subject = std::pair<uint64_t, std::string>;  // the session's id, an instance's uuid
  struct Slot {
    Event event;
    bool cancelled;
  };

  bool Coalesce(Event& event);

  std::mutex mutex_;
  napi_threadsafe_function notify_;  // null after Shut()
  std::deque<Slot> slots_;
  uint64_t popped_ = 0;                  // how many slots were taken: the number of the oldest that waits
  std::map<Subject, uint64_t> waiting_;  // the number of the slot of each instance that has one
};

}  // namespace tcpnet

#endif  // TCPNET_CORE_EVENT_QUEUE_H_
