#include "avahi/lookups.h"

#include <utility>
#include <vector>

#include "core/dns_data.h"

namespace tcpnet::avahi {

namespace {

int ProtocolOf(int family) {
  return family == 4 ? kInet : kInet6;
}

std::vector<std::string> StringsOf(const StringList* list) {
  KeptTxt kept;
  for (; list != nullptr; list = list->next) kept.Add(list->text, list->size);
  return kept.strings();
}

}  // namespace

Browse::Browse(Daemon& daemon, BrowseListener listener)
    : daemon_(daemon), listener_(std::move(listener)), browser_(daemon, &Api::service_browser_free) {}

bool Browse::Start(const std::string& type, uint32_t interface_index) {
  return browser_.Set(daemon_.api().service_browser_new(
      daemon_.client(), interface_index == 0 ? kAnyInterface : static_cast<int>(interface_index), kAnyProtocol,
      type.c_str(), nullptr, kLookupMulticast, OnEvent, this));
}

void Browse::OnEvent(ServiceBrowser*, int interface_index, int protocol, int event, const char* name, const char*,
                     const char* domain, int flags, void* userdata) {
  auto& self = *static_cast<Browse*>(userdata);
  const auto place = [&] { return Place{name, static_cast<uint32_t>(interface_index), protocol == kInet ? 4 : 6}; };
  if (event == kBrowserNew) {
    const bool is_local = (flags & kResultLocal) != 0;
    self.listener_.appeared(place(), domain, is_local ? Origin::kThisMachine : Origin::kAnotherMachine);
  }
  if (event == kBrowserRemove) self.listener_.vanished(place());
  if (event == kBrowserFailure) self.listener_.failed(self.daemon_.FailedBy(self.daemon_.error()));
}

ServiceLookup::ServiceLookup(Daemon& daemon, Callback found)
    : daemon_(daemon), found_(std::move(found)), resolver_(daemon, &Api::service_resolver_free) {}

bool ServiceLookup::Start(const Target& target) {
  const int protocol = ProtocolOf(target.place.family);
  return resolver_.Set(daemon_.api().service_resolver_new(
      daemon_.client(), static_cast<int>(target.place.interface_index), protocol, target.place.instance.c_str(),
      target.type.c_str(), target.domain.c_str(), protocol, kLookupMulticast | kLookupNoAddress, OnEvent, this));
}

/** A failure says that no answer has come for some seconds; the daemon keeps asking, and so does this. */
void ServiceLookup::OnEvent(ServiceResolver*, int, int, int event, const char*, const char*, const char*,
                            const char* host, const void*, uint16_t port, StringList* txt, int, void* userdata) {
  if (event != kResolverFound || host == nullptr) return;
  static_cast<ServiceLookup*>(userdata)->found_({host, port, StringsOf(txt)});
}

HostLookup::HostLookup(Daemon& daemon, Callback changed)
    : daemon_(daemon),
      changed_(std::move(changed)),
      ipv4_(daemon, &Api::record_browser_free),
      ipv6_(daemon, &Api::record_browser_free) {}

bool HostLookup::Start(const HostKey& host) {
  const auto browse = [&](Owned<RecordBrowser>& browser, uint16_t type) {
    return browser.Set(daemon_.api().record_browser_new(daemon_.client(), static_cast<int>(host.interface_index),
                                                        ProtocolOf(host.family), host.name.c_str(), kClassIn, type,
                                                        kLookupMulticast, OnEvent, this));
  };
  // Responders tell IPv6 addresses over either transport, IPv4 addresses over IPv4 alone.
  if (host.family == 4 && !browse(ipv4_, kTypeA)) return false;
  return browse(ipv6_, kTypeAaaa);
}

void HostLookup::OnEvent(RecordBrowser*, int, int, int event, const char*, uint16_t, uint16_t, const void* data,
                         size_t size, int, void* userdata) {
  if (event != kBrowserNew && event != kBrowserRemove) return;
  static_cast<HostLookup*>(userdata)->changed_(AddressOf(data, size), event == kBrowserNew);
}

}  // namespace tcpnet::avahi
