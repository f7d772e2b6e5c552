#ifndef TCPNET_CORE_LOCATE_H_
#define TCPNET_CORE_LOCATE_H_

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "core/backend.h"

namespace tcpnet {

/**
 * One question for where an instance is, asked at every place where its name was seen. It ends a moment after the first
 * answer that has an address, so that other places can add theirs; without an answer it goes on until it is destroyed.
 */
class Locate {
 public:
  /** `done` is called at most once, from the loop, and not from within Start(). It may destroy this. */
  Locate(Loop& loop, Backend& backend, std::function<void(const Location&)> done);
  ~Locate();
  Locate(const Locate&) = delete;
  Locate& operator=(const Locate&) = delete;

  void Start(const std::vector<Target>& targets);

 private:
  /** What one place says. Its lookups call back with a reference to it. */
  struct Answer {
    Place place;
    Origin origin;
    ServiceData service;
    std::vector<Address> addresses;
    std::unique_ptr<Activity> service_lookup;
    std::unique_ptr<Activity> host_lookup;
  };

  void Found(Answer& answer, const ServiceData& service);
  void Change(Answer& answer, const Address& address, bool added);
  void Finish();

  Loop& loop_;
  Backend& backend_;
  const std::function<void(const Location&)> done_;
  Loop::Timer* const end_;
  std::list<Answer> answers_;  // the latest first
};

}  // namespace tcpnet

#endif  // TCPNET_CORE_LOCATE_H_
