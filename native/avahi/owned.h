#pragma once

#include <utility>

#include "avahi/backend.h"

namespace tcpnet::avahi {

/**
 * One object of the library that belongs to a client. It calls back with whoever owns this, and so ends with it at the
 * latest. Discovery thread.
 */
template <typename Object>
class Owned {
 public:
  using Release = int (*Api::*)(Object*);

  Owned(Backend& backend, Release release) : backend_(backend), release_(release) {}
  ~Owned() { Free(); }
  Owned(const Owned&) = delete;

  /** Takes what a function of the library made. Returns whether that is an object. */
  bool Set(Object* object) {
    object_ = object;
    return object_ != nullptr;
  }

  /** Frees the object, which the daemon is told of. With the client went all of its objects. Idempotent. */
  void Free() {
    Object* const object = std::exchange(object_, nullptr);
    if (object == nullptr || backend_.client() == nullptr) return;
    if (const int error = (backend_.api().*release_)(object); error < 0) backend_.FailedBy(error);
  }

  Object* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  Backend& backend_;
  const Release release_;
  Object* object_ = nullptr;
};

}  // namespace tcpnet::avahi
