#pragma once

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "core/backend.h"

namespace tcpnet {

/**
 * The question where an instance is, asked at every place at which its name was seen. It ends a short time after the
 * first answer with an address, so that other places can add theirs; without an answer it continues until it is closed.
 * Discovery thread.
 */
class Question {
 public:
  using Done = std::function<void(const Location&)>;

  /** Asks. `done` is called at most once, from the loop, and may close and destroy this. */
  Question(Loop& loop, Backend& backend, const std::vector<Target>& targets, Done done);
  Question(const Question&) = delete;

  /**
   * Cancels the question. Idempotent; to be called before destruction, and not from within a callback of the back-end.
   */
  void Close();

 private:
  /** The answer of one place. Its lookups call back with a reference to it. */
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
