#include "host.h"

#include <algorithm>
#include <utility>

namespace tcpnet {

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
    has_answered_ = true;
  } else {
    addresses_.erase(known);
  }
  for (const auto& [who, changed] : std::map(observers_)) changed();
}

}  // namespace tcpnet
