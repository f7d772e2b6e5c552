#include "host.h"

#include <algorithm>
#include <utility>

namespace tcpnet {

namespace {

/** More than a host has on one interface. Each change tells all of them: without a bound that is work squared. */
constexpr size_t kMaxAddresses = 64;

}  // namespace

bool Host::Start(Backend& backend, bool& full) {
  Lookup lookup = backend.LookUpHost(key_, [this](const Address& address, bool added) { Change(address, added); });
  full = lookup.full;
  lookup_ = std::move(lookup.activity);
  return lookup_ != nullptr;
}

void Host::Change(const Address& address, bool added) {
  const auto known = std::find(addresses_.begin(), addresses_.end(), address);
  if (address.family == 0 || added == (known != addresses_.end())) return;
  if (added) {
    if (addresses_.size() >= kMaxAddresses) return;
    addresses_.push_back(address);
  } else {
    addresses_.erase(known);
  }
  for (const auto& [who, changed] : std::map(observers_)) changed();
}

}  // namespace tcpnet
