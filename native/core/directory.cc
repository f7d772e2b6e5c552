#include "core/directory.h"

namespace tcpnet {

namespace {

/** The most names that are kept, and the most places of each; others are ignored. */
constexpr size_t kMaxInstances = 4096;
constexpr size_t kMaxPlaces = 32;

/**
 * Whether a name can be that of a tcpnet instance: hexadecimal digits. Other names are not reported, which saves
 * JavaScript work for foreign announcements.
 */
bool IsUuid(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

/** A uuid in canonical form, upper case: DNS names that differ only in case are the same (RFC 6762 section 16). */
std::string UuidOf(std::string name) {
  for (char& digit : name) {
    if (digit >= 'a') digit = static_cast<char>(digit - 'a' + 'A');
  }
  return name;
}

}  // namespace

std::string Directory::Add(const Place& place, const std::string& domain, Origin origin) {
  if (!IsUuid(place.instance)) return {};
  const std::string uuid = UuidOf(place.instance);
  const bool is_new = instances_.count(uuid) == 0;
  if (is_new && instances_.size() >= kMaxInstances) return {};
  auto& places = instances_[uuid];
  if (places.size() >= kMaxPlaces && places.count(place) == 0) return {};
  places.try_emplace(place, Sighting{0, domain, origin}).first->second.count++;
  return is_new ? uuid : std::string();
}

std::string Directory::Remove(const Place& place) {
  const std::string uuid = UuidOf(place.instance);
  const auto instance = instances_.find(uuid);
  if (instance == instances_.end()) return {};
  auto& places = instance->second;
  const auto sighting = places.find(place);
  if (sighting == places.end() || --sighting->second.count > 0) return {};
  places.erase(sighting);
  if (!places.empty()) return {};
  instances_.erase(instance);
  return uuid;
}

std::vector<Target> Directory::TargetsOf(const std::string& uuid) const {
  std::vector<Target> targets;
  const auto known = instances_.find(uuid);
  if (known == instances_.end()) return targets;
  for (const auto& [place, sighting] : known->second) {
    targets.push_back({place, type_, sighting.domain, sighting.origin});
  }
  return targets;
}

}  // namespace tcpnet
