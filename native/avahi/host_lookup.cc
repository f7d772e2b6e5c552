#include <utility>

#include "avahi/backend.h"
#include "avahi/owned.h"

namespace tcpnet::avahi {

namespace {

/** The addresses of a host: a record browser for each type of address record. */
class HostLookup final : public Activity {
 public:
  HostLookup(Backend& backend, Backend::AddressFound found)
      : backend_(backend),
        found_(std::move(found)),
        ipv4_(backend, &Api::record_browser_free),
        ipv6_(backend, &Api::record_browser_free) {}

  bool Start(const std::string& host, const Place& place) {
    const auto browse = [&](Owned<RecordBrowser>& browser, uint16_t type) {
      return browser.Set(backend_.api().record_browser_new(backend_.client(), ToAvahi(place.interface_index),
                                                           ProtocolOf(place.family), host.c_str(), kClassIn, type,
                                                           kLookupMulticast, OnEvent, this));
    };
    // Responders send IPv6 addresses over both transports, IPv4 addresses only over IPv4.
    if (place.family == 4 && !browse(ipv4_, kTypeA)) return false;
    return browse(ipv6_, kTypeAaaa);
  }

  void Close() override {
    ipv4_.Free();
    ipv6_.Free();
  }

 private:
  /** `userdata` is the activity, which owns both browsers. */
  static void OnEvent(RecordBrowser*, int, int, int event, const char*, uint16_t, uint16_t, const void* data,
                      size_t size, int, void* userdata) {
    if (event == kBrowserNew) static_cast<HostLookup*>(userdata)->found_(AddressOf(data, size));
  }

  Backend& backend_;
  const Backend::AddressFound found_;
  Owned<RecordBrowser> ipv4_;  // both call OnEvent with this
  Owned<RecordBrowser> ipv6_;
};

}  // namespace

std::unique_ptr<Activity> Backend::LookUpHost(const std::string& host, const Place& place, AddressFound found) {
  if (!usable()) return nullptr;
  auto lookup = std::make_unique<HostLookup>(*this, std::move(found));
  const bool begun = lookup->Start(host, place);
  return IfBegun(std::move(lookup), begun);
}

}  // namespace tcpnet::avahi
