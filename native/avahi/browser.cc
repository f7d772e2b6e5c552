#include <utility>

#include "avahi/backend.h"
#include "avahi/owned.h"

namespace tcpnet::avahi {

namespace {

/** The browse for the instances of a type. */
class Browser final : public Activity {
 public:
  Browser(Backend& backend, Backend::BrowseListener listener)
      : backend_(backend), listener_(std::move(listener)), browser_(backend, &Api::service_browser_free) {}

  void Start(const std::string& type, uint32_t interface_index) {
    const bool begun =
        browser_.Set(backend_.api().service_browser_new(backend_.client(), ToAvahi(interface_index), kAnyProtocol,
                                                        type.c_str(), nullptr, kLookupMulticast, OnEvent, this));
    if (!begun) listener_.failed(backend_.FailedBy(backend_.error()));
  }

  void Close() override { browser_.Free(); }

 private:
  /** `userdata` is the activity, which owns the browser. */
  static void OnEvent(ServiceBrowser*, int interface_index, int protocol, int event, const char* name, const char*,
                      const char* domain, int flags, void* userdata) {
    auto& self = *static_cast<Browser*>(userdata);
    const auto place = [&] { return Place{static_cast<uint32_t>(interface_index), protocol == kInet ? 4 : 6, name}; };
    if (event == kBrowserNew) {
      const bool is_local = (flags & kResultLocal) != 0;
      self.listener_.appeared(place(), domain, is_local ? Origin::kThisMachine : Origin::kAnotherMachine);
    }
    if (event == kBrowserRemove) self.listener_.vanished(place());
    if (event == kBrowserFailure) self.listener_.failed(self.backend_.FailedBy(self.backend_.error()));
  }

  Backend& backend_;
  const Backend::BrowseListener listener_;
  Owned<ServiceBrowser> browser_;  // calls OnEvent with this
};

}  // namespace

std::unique_ptr<Activity> Backend::Browse(const std::string& type, uint32_t interface_index, BrowseListener listener) {
  if (!usable()) return nullptr;
  auto browse = std::make_unique<Browser>(*this, std::move(listener));
  browse->Start(type, interface_index);
  return browse;
}

}  // namespace tcpnet::avahi
