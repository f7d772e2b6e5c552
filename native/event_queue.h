#ifndef TCPNET_EVENT_QUEUE_H_
#define TCPNET_EVENT_QUEUE_H_

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

#include "events.h"

namespace tcpnet {

/** A session is closed: the daemon was told. */
struct Closed {};

/** What became of a query for addresses. */
struct QueryResult {
  std::string error;  // empty: none
  std::vector<Address> addresses;
};

/** Something that the discovery thread has to tell to JavaScript. */
struct Event {
  uint64_t id;  // of the session or the query
  std::variant<SessionEvent, Closed, QueryResult> what;
};

/**
 * Brings events from the discovery thread to the JavaScript thread: Push() on the one, Pop() on the other. For each
 * event the thread-safe function is called once, without data: the events belong to the queue, whatever becomes of the
 * calls.
 *
 * What waits here is bounded by what there is to know, not by how often it changed: a `Found` takes the place of the
 * one that still waits for the same session and place, unless a `Lost` came between them.
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
  using Where = std::pair<uint64_t, Place>;  // the session's id

  bool Replace(Event& event);

  std::mutex mutex_;
  napi_threadsafe_function notify_;  // null after Shut()
  std::deque<Event> events_;
  uint64_t popped_ = 0;              // how many events were taken: the number of the oldest that waits
  std::map<Where, uint64_t> found_;  // the numbers of the `Found` that may be replaced
};

}  // namespace tcpnet

#endif  // TCPNET_EVENT_QUEUE_H_
