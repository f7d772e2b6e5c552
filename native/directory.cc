#include "directory.h"

#include <utility>

namespace tcpnet {

namespace {

/** How many places of instances are kept count of; what is announced beyond that is not seen. */
constexpr size_t kMaxEntries = 16384;

/**
 * Whether a name can be that of an instance of ours: hexadecimal digits. Others are not followed, which spares the
 * daemon and us the work for what strangers announce.
 */
bool IsUuid(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

}  // namespace

void Directory::Start(Backend& backend, uint32_t interface_index) {
  browse_ = backend.Browse(
      type_, interface_index,
      {[this](const Place& place, const std::string& domain, Origin origin) { Appeared(place, domain, origin); },
       [this](const Place& place) { Vanished(place); },
       [this](const Failed& failed) {
         failed_ = failed;
         TellAll(failed);
       }});
}

void Directory::Subscribe(const void* who, const Tell& tell) {
  subscribers_[who] = tell;
  for (const auto& [place, entry] : entries_) {
    if (const InstanceData* told = entry.instance->told()) tell(Found{place, *told, entry.origin});
  }
  if (failed_) tell(*failed_);
}

void Directory::Appeared(const Place& place, const std::string& domain, Origin origin) {
  if (!IsUuid(place.instance)) return;
  const auto known = entries_.find(place);
  if (known != entries_.end()) {
    known->second.count++;
    return;
  }
  if (entries_.size() >= kMaxEntries) return;
  const auto tell = [this, place, origin](const InstanceData* data) {
    if (data != nullptr) {
      TellAll(Found{place, *data, origin});
    } else {
      TellAll(Lost{place});
    }
  };
  entries_[place] = {1, origin, std::make_unique<Instance>(resolver_, Target{place, type_, domain}, tell)};
}

void Directory::Vanished(const Place& place) {
  const auto known = entries_.find(place);
  if (known == entries_.end() || --known->second.count > 0) return;
  const bool was_told = known->second.instance->told() != nullptr;
  entries_.erase(known);
  if (was_told) TellAll(Lost{place});
}

void Directory::TellAll(const SessionEvent& event) {
  for (const auto& [who, tell] : std::map(subscribers_)) tell(event);
}

}  // namespace tcpnet
