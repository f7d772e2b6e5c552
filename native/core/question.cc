#include "core/question.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tcpnet {

namespace {

/** How long to wait for answers from other places after the first one. */
constexpr std::chrono::milliseconds kMoment{50};

}  // namespace

Question::Question(Loop& loop, Backend& backend, const std::vector<Target>& targets, Done done)
    : backend_(backend), done_(std::move(done)), end_(loop.AddTimer([this] { Finish(); })) {
  for (const Target& target : targets) {
    Answer& answer = answers_.emplace_back();
    answer.target = target;
    answer.service_lookup =
        backend_.LookUpService(target, [this, &answer](const ServiceData& service) { OnService(answer, service); });
  }
}

void Question::Close() {
  Loop::Remove(end_);
  for (Answer& answer : answers_) {
    if (answer.service_lookup != nullptr) answer.service_lookup->Close();
    if (answer.host_lookup != nullptr) answer.host_lookup->Close();
  }
}

void Question::OnService(Answer& answer, const ServiceData& service) {
  const auto is_this = [&answer](const Answer& other) { return &other == &answer; };
  answers_.splice(answers_.begin(), answers_, std::find_if(answers_.begin(), answers_.end(), is_this));
  const bool is_known = answer.host_lookup != nullptr && answer.service.host == service.host;
  answer.service = service;
  if (is_known) return;
  if (answer.host_lookup != nullptr) answer.host_lookup->Close();
  answer.addresses.clear();
  answer.host_lookup = backend_.LookUpHost(service.host, answer.target.place,
                                           [this, &answer](const Address& address) { OnAddress(answer, address); });
}

void Question::OnAddress(Answer& answer, const Address& address) {
  if (AddTo(answer.addresses, address) && !end_->armed) Loop::Arm(end_, kMoment);
}

/** If the answers of two places differ in host or port, the latest answer with an address is used. */
void Question::Finish() {
  Location location;
  for (const Answer& answer : answers_) {
    const ServiceData& service = answer.service;
    if (location.paths.empty()) location.service = service;
    if (service.host != location.service.host || service.port != location.service.port) continue;
    for (const Address& address : answer.addresses) {
      location.paths.push_back({answer.target.place.interface_index, address, answer.target.origin});
    }
  }
  // None if the host name has changed since: then the next address ends the question.
  if (!location.paths.empty()) done_(location);
}

}  // namespace tcpnet
