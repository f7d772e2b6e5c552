#pragma once

#include <utility>

#include "avahi/backend.h"

namespace tcpnet::avahi {

/**
 * One object of the library that belongs to a client. Its callbacks use the owner of this, so the destructor frees it.
 * Discovery thread.
 */
template <typename Object>
class Owned {
 public:
  using Release = int (*Api::*)(Object*);

  Owned(Backend& backend, Release release) : backend_(backend), release_(release) {}
  ~Owned() { Free(); }
  Owned(const Owned&) = delete;

  /** Takes the result of a function of the library. Returns whether it is an object, and not null. */
  bool Set(Object* object) {
    object_ = object;
    return object_ != nullptr;
  }

  /** Frees the object, also in the daemon; nothing to do if the client, which owns its objects, is gone. Idempotent. */
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
