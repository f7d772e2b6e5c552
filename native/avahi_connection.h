#ifndef TCPNET_AVAHI_CONNECTION_H_
#define TCPNET_AVAHI_CONNECTION_H_

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "avahi_api.h"
#include "loop.h"

namespace tcpnet::avahi {

/**
 * One client of avahi-daemon: one connection to D-Bus, for all sessions of an environment. It breaks once, for good,
 * and tells everybody; a new one is made for the sessions that are opened afterwards.
 */
class Connection {
 public:
  /** Whoever has to know of the connection. Calls come from the loop, or from within a function of the connection. */
  struct Observer {
    /** The daemon's own host name is established, or was changed. */
    std::function<void()> running;
    std::function<void(const Failed&)> broken;
  };

  Connection(Loop& loop, const Api& api);
  ~Connection() { Close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /** Connects. Says why where it cannot. */
  std::optional<Failed> Open();

  /** Disconnects: the daemon forgets all that it did for the connection. What was made with the client is freed. */
  void Close();

  void Observe(const void* who, Observer observer) { observers_[who] = std::move(observer); }
  void Forget(const void* who) { observers_.erase(who); }

  /** The client, for the library's functions; null once closed. */
  Client* client() const { return client_; }
  const Api& api() const { return api_; }
  Loop& loop() const { return loop_; }
  /** Whether the library's functions may be called with the client. */
  bool usable() const { return client_ != nullptr && !broken_; }
  /** Whether the daemon has established its host name. */
  bool running() const { return usable() && api_.client_get_state(client_) == kClientRunning; }
  /** What failed last. */
  int error() const { return api_.client_errno(client_); }

  /** `error` as an event; where it means that the daemon is gone, the connection is broken too. */
  Failed FailedBy(int error);

 private:
  static ClientCallback OnState;

  void Break(const Failed& failed);

  Loop& loop_;
  const Api& api_;
  const Poll poll_;
  Client* client_ = nullptr;  // owned
  bool broken_ = false;
  std::map<const void*, Observer> observers_;
};

/** One object of the library that belongs to a client. */
template <typename Object>
class Owned {
 public:
  using Free = int (*Api::*)(Object*);

  Owned(Connection& connection, Free free) : connection_(connection), free_(free) {}
  ~Owned() { Reset(); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  /** Takes what a function of the library made. Returns whether that is an object. */
  bool Set(Object* object) {
    Reset();
    object_ = object;
    return object_ != nullptr;
  }

  /** Frees the object. With the client went all of its objects. */
  void Reset() {
    if (object_ != nullptr && connection_.client() != nullptr) (connection_.api().*free_)(object_);
    object_ = nullptr;
  }

  Object* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  Connection& connection_;
  const Free free_;
  Object* object_ = nullptr;
};

}  // namespace tcpnet::avahi

#endif  // TCPNET_AVAHI_CONNECTION_H_
