#include <utility>

#include "avahi/backend.h"
#include "avahi/owned.h"
#include "core/txt.h"

namespace tcpnet::avahi {

namespace {

/** The lookup of an instance's SRV and TXT records, repeated after every change. */
class ServiceLookup final : public Activity {
 public:
  ServiceLookup(Backend& backend, Backend::ServiceFound found)
      : backend_(backend), found_(std::move(found)), resolver_(backend, &Api::service_resolver_free) {}

  bool Start(const Target& target) {
    const auto& [interface_index, family, instance] = target.place;
    return resolver_.Set(backend_.api().service_resolver_new(
        backend_.client(), static_cast<int>(interface_index), ProtocolOf(family), instance.c_str(), target.type.c_str(),
        target.domain.c_str(), ProtocolOf(family), kLookupMulticast | kLookupNoAddress, OnEvent, this));
  }

  void Close() override { resolver_.Free(); }

 private:
  /**
   * `userdata` is the activity, which owns the resolver. A failure means that no answer has come for some seconds; the
   * daemon keeps asking, and the lookup continues.
   */
  static void OnEvent(ServiceResolver*, int, int, int event, const char*, const char*, const char*, const char* host,
                      const void*, uint16_t port, StringList* txt, int, void* userdata) {
    if (event != kResolverFound || host == nullptr) return;
    std::vector<std::string> kept;
    for (; txt != nullptr; txt = txt->next) KeepTxt(kept, txt->text, txt->size);
    static_cast<ServiceLookup*>(userdata)->found_({host, port, kept});
  }

  Backend& backend_;
  const Backend::ServiceFound found_;
  Owned<ServiceResolver> resolver_;  // calls OnEvent with this
};

}  // namespace

std::unique_ptr<Activity> Backend::LookUpService(const Target& target, ServiceFound found) {
  if (!usable()) return nullptr;
  auto lookup = std::make_unique<ServiceLookup>(*this, std::move(found));
  const bool begun = lookup->Start(target);
  return IfBegun(std::move(lookup), begun);
}

}  // namespace tcpnet::avahi
