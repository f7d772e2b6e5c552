#include "avahi_browser.h"

#include <utility>

namespace tcpnet::avahi {

Browser::Browser(Connection& connection, Resolver& resolver, std::string type, uint32_t interface_index)
    : connection_(connection),
      resolver_(resolver),
      type_(std::move(type)),
      interface_index_(interface_index),
      browser_(connection, &Api::service_browser_free) {}

std::optional<Failed> Browser::Start() {
  const int interface_index = interface_index_ == 0 ? kAnyInterface : static_cast<int>(interface_index_);
  const bool started = browser_.Set(connection_.api().service_browser_new(
      connection_.client(), interface_index, kAnyProtocol, type_.c_str(), nullptr, 0, OnEvent, this));
  if (started) return std::nullopt;
  return connection_.FailedBy(connection_.error());
}

void Browser::Subscribe(const void* who, const Backend::Tell& tell) {
  subscribers_[who] = tell;
  for (const auto& [place, instance] : instances_) {
    if (instance->told() != nullptr) tell(Found{place, *instance->told()});
  }
  if (settled_) tell(Settled{});
  if (failed_) tell(*failed_);
}

void Browser::OnEvent(ServiceBrowser*, int interface_index, int protocol, int event, const char* name, const char*,
                      const char* domain, int, void* userdata) {
  auto& self = *static_cast<Browser*>(userdata);
  switch (event) {
    case kBrowserNew:
      return self.Appeared({name, static_cast<uint32_t>(interface_index), protocol == kInet ? 4 : 6}, domain);
    case kBrowserRemove:
      return self.Vanished({name, static_cast<uint32_t>(interface_index), protocol == kInet ? 4 : 6});
    case kBrowserAllForNow:
      if (!std::exchange(self.settled_, true)) self.Tell(Settled{});
      return;
    case kBrowserFailure:
      self.failed_ = self.connection_.FailedBy(self.connection_.error());
      return self.Tell(*self.failed_);
    default:
      return;
  }
}

void Browser::Appeared(const Place& place, const char* domain) {
  if (!IsUuid(place.instance) || instances_.size() >= kMaxTracked || instances_.count(place) != 0) return;
  const auto tell = [this, place](const InstanceData* data) {
    if (data != nullptr) {
      Tell(Found{place, *data});
    } else {
      Tell(Lost{place});
    }
  };
  instances_[place] = std::make_unique<Instance>(resolver_, Target{place, type_, domain}, tell);
}

void Browser::Vanished(const Place& place) {
  const auto entry = instances_.find(place);
  if (entry == instances_.end()) return;
  const bool was_told = entry->second->told() != nullptr;
  instances_.erase(entry);
  if (was_told) Tell(Lost{place});
}

void Browser::Tell(const SessionEvent& event) {
  for (const auto& [who, tell] : std::map(subscribers_)) tell(event);
}

}  // namespace tcpnet::avahi
