#include "avahi_host.h"

#include <algorithm>

namespace tcpnet::avahi {

Host::Host(Connection& connection, const Key& key)
    : connection_(connection),
      key_(key),
      ipv4_(connection, &Api::record_browser_free),
      ipv6_(connection, &Api::record_browser_free) {}

int Host::Start() {
  const auto& [name, interface_index, protocol] = key_;
  const auto browse = [&](Owned<RecordBrowser>& browser, uint16_t type) {
    return browser.Set(connection_.api().record_browser_new(connection_.client(), interface_index, protocol,
                                                            name.c_str(), kClassIn, type, 0, OnRecord, this));
  };
  // Responders tell IPv6 addresses over either transport, IPv4 addresses over IPv4 alone.
  if (protocol == kInet && !browse(ipv4_, kTypeA)) return connection_.error();
  if (!browse(ipv6_, kTypeAaaa)) return connection_.error();
  return 0;
}

void Host::OnRecord(RecordBrowser*, int, int, int event, const char*, uint16_t, uint16_t, const void* data, size_t size,
                    int, void* userdata) {
  auto& self = *static_cast<Host*>(userdata);
  if (event == kBrowserNew) self.Add(AddressOf(data, size));
  if (event == kBrowserRemove) self.Remove(AddressOf(data, size));
}

void Host::Add(const Address& address) {
  if (address.family == 0 || std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end()) return;
  addresses_.push_back(address);
  Changed();
}

void Host::Remove(const Address& address) {
  const auto known = std::find(addresses_.begin(), addresses_.end(), address);
  if (known == addresses_.end()) return;
  addresses_.erase(known);
  Changed();
}

void Host::Changed() {
  const auto observers = observers_;
  for (const auto& [who, changed] : observers) changed();
}

}  // namespace tcpnet::avahi
