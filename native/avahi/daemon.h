#ifndef TCPNET_AVAHI_DAEMON_H_
#define TCPNET_AVAHI_DAEMON_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "avahi/api.h"
#include "core/loop.h"

namespace tcpnet::avahi {

/** One client of avahi-daemon: one connection to D-Bus. It breaks once, for good. */
class Daemon {
 public:
  Daemon(Loop& loop, const Api& api);
  ~Daemon() { Disconnect(); }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /** Connects. Says why where it cannot. */
  std::optional<Failed> Connect(std::function<void(const Failed&)> broken);

  /** The daemon forgets all that it did for this client, and the library frees its objects. */
  void Disconnect();

  /** `running` is called whenever the daemon's own host name is established, until Forget(). */
  void Observe(const void* who, std::function<void()> running) { observers_[who] = std::move(running); }
  void Forget(const void* who) { observers_.erase(who); }

  /** The client, for the library's functions; null once disconnected. */
  Client* client() const { return client_; }
  const Api& api() const { return api_; }
  /** Whether the library's functions may be called with the client. */
  bool usable() const { return client_ != nullptr && !is_broken_; }
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
  bool is_broken_ = false;
  std::function<void(const Failed&)> broken_;
  std::map<const void*, std::function<void()>> observers_;
  const std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);
};

/** One object of the library that belongs to a client. */
template <typename Object>
class Owned {
 public:
  using Free = int (*Api::*)(Object*);

  Owned(Daemon& daemon, Free free) : daemon_(daemon), free_(free) {}
  ~Owned() { Reset(); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  /** Takes what a function of the library made. Returns whether that is an object. */
  bool Set(Object* object) {
    Reset();
    object_ = object;
    return object_ != nullptr;
  }

  /** Frees the object, which the daemon is told of. With the client went all of its objects. */
  void Reset() {
    Object* const object = std::exchange(object_, nullptr);
    if (object == nullptr || daemon_.client() == nullptr) return;
    if (const int error = (daemon_.api().*free_)(object); error < 0) daemon_.FailedBy(error);
  }

  Object* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  Daemon& daemon_;
  const Free free_;
  Object* object_ = nullptr;
};

}  // namespace tcpnet::avahi

#endif  // TCPNET_AVAHI_DAEMON_H_
