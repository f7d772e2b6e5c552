#pragma once

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "core/backend.h"

namespace tcpnet {

/**
 * One question for where an instance is, asked at every place where its name was seen. It ends a moment after the first
 * answer that has an address, so that other places can add theirs; without an answer it goes on until it is closed.
 * Discovery thread.
 */
class Question {
 public:
  using Done = std::function<void(const Location&)>;

  /** Asks. `done` is called at most once, from the loop, and may close and destroy this. */
  Question(Loop& loop, Backend& backend, const std::vector<Target>& targets, Done done);
  Question(const Question&) = delete;

  /** Takes it back. Idempotent; to be called before it is destroyed, and not from within a callback of the back-end. */
  void Close();

 private:
  /** What one place says. Its lookups call back with a reference to it. */
  struct Answer {
    Target target;
    ServiceData service;
    std::vector<Address> addresses;
    std::unique_ptr<Activity> service_lookup;
    std::unique_ptr<Activity> host_lookup;
  };

  void OnService(Answer& answer, const ServiceData& service);
  void OnAddress(Answer& answer, const Address& address);
  void Finish();

  Backend& backend_;
  const Done done_;
  Loop::Timer* end_;
  std::list<Answer> answers_;  // the latest first
};

}  // namespace tcpnet
