#include "core/locate.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tcpnet {

namespace {

/** How long other places may add to the first answer. */
constexpr std::chrono::milliseconds kMoment{50};

}  // namespace

Locate::Locate(Loop& loop, Backend& backend, std::function<void(const Location&)> done)
    : loop_(loop), backend_(backend), done_(std::move(done)), end_(loop.AddTimer([this] { Finish(); })) {}

Locate::~Locate() {
  loop_.Remove(end_);
}

void Locate::Start(const std::vector<Target>& targets) {
  for (const Target& target : targets) {
    Answer& answer = answers_.emplace_back();
    answer.place = target.place;
    answer.origin = target.origin;
    answer.service_lookup =
        backend_.LookUpService(target, [this, &answer](const ServiceData& service) { Found(answer, service); });
  }
}

void Locate::Found(Answer& answer, const ServiceData& service) {
  const auto is_this = [&answer](const Answer& other) { return &other == &answer; };
  answers_.splice(answers_.begin(), answers_, std::find_if(answers_.begin(), answers_.end(), is_this));
  const bool is_known = answer.host_lookup != nullptr && answer.service.host == service.host;
  answer.service = service;
  if (is_known) return;
  answer.addresses.clear();
  answer.host_lookup =
      backend_.LookUpHost({service.host, answer.place.interface_index, answer.place.family},
                          [this, &answer](const Address& address, bool added) { Change(answer, address, added); });
}

void Locate::Change(Answer& answer, const Address& address, bool added) {
  auto& addresses = answer.addresses;
  const auto known = std::find(addresses.begin(), addresses.end(), address);
  if (!added) {
    if (known != addresses.end()) addresses.erase(known);
  } else if (address.family != 0 && known == addresses.end() && addresses.size() < kMaxAddresses) {
    addresses.push_back(address);
    if (!end_->armed) Loop::Arm(end_, kMoment);
  }
}

/** Where two places disagree on host or port, the latest answer with an address counts. */
void Locate::Finish() {
  Location location;
  for (const Answer& answer : answers_) {
    if (answer.addresses.empty()) continue;
    const ServiceData& service = answer.service;
    if (location.paths.empty()) {
      location = {service.host, service.port, service.txt, {}};
    } else if (service.host != location.host || service.port != location.port) {
      continue;
    }
    for (const Address& address : answer.addresses) {
      location.paths.push_back({answer.place.interface_index, address, answer.origin});
    }
  }
  // All addresses may have gone again: then the next one that comes ends it.
  if (!location.paths.empty()) done_(location);
}

}  // namespace tcpnet
