#include <utility>

#include "dns_sd/backend.h"

namespace tcpnet::dns_sd {

namespace {

/**
 * The browse for the instances of a type. dns_sd.h does not report the family of the transport: every place has IPv4.
 */
class Browser final : public Activity {
 public:
  Browser(Backend& backend, Backend::BrowseListener listener)
      : backend_(backend), listener_(std::move(listener)), operation_(backend.loop(), backend.api()) {}

  void Start(const std::string& type, uint32_t interface_index) {
    const uint32_t index = backend_.ToDaemon(interface_index);
    local_only_ = index == kLocalOnly;
    const Error error = backend_.Start(operation_, [&](Ref* ref, Flags flags) {
      return backend_.api().Browse(ref, flags, index, type.c_str(), kDomain, OnReply, this);
    });
    if (error != kNoError) listener_.failed(backend_.FailedBy(error));
  }

  void Close() override { operation_.Release(); }

 private:
  /** `context` is the activity, which owns the operation. */
  static void OnReply(Ref, Flags flags, uint32_t interface_index, Error error, const char* name, const char*,
                      const char* domain, void* context) {
    auto& self = *static_cast<Browser*>(context);
    if (error != kNoError) return self.listener_.failed(self.backend_.FailedBy(error));
    if (name == nullptr || domain == nullptr) return;
    // Apple's daemon answers a browse for kLocalOnly with everything that this machine announces.
    if (self.local_only_ && interface_index != kLocalOnly) return;
    const Place place{self.backend_.FromDaemon(interface_index), 4, name};
    if ((flags & kAdd) != 0) {
      self.listener_.appeared(place, domain, Origin::kUnknown);
    } else {
      self.listener_.vanished(place);
    }
  }

  Backend& backend_;
  const Backend::BrowseListener listener_;
  bool local_only_ = false;
  Operation operation_;  // calls OnReply with this
};

}  // namespace

std::unique_ptr<Activity> Backend::Browse(const std::string& type, uint32_t interface_index, BrowseListener listener) {
  auto browse = std::make_unique<Browser>(*this, std::move(listener));
  browse->Start(type, interface_index);
  return browse;
}

}  // namespace tcpnet::dns_sd
