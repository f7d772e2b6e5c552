#include <arpa/inet.h>
#include <strings.h>

#include <string_view>
#include <utility>

#include "core/txt.h"
#include "dns_sd/backend.h"

namespace tcpnet::dns_sd {

namespace {

std::string WithoutDot(std::string name) {
  if (!name.empty() && name.back() == '.') name.pop_back();
  return name;
}

/** Whether a name, without the last dot, is in the domain of multicast DNS. */
bool IsLocal(const std::string& name) {
  constexpr std::string_view kSuffix = ".local";
  return name.size() > kSuffix.size() && strcasecmp(name.c_str() + name.size() - kSuffix.size(), kSuffix.data()) == 0;
}

/** Whether a name, without the last dot, is "localhost" (RFC 6761 section 6.3). */
bool IsLocalhost(const std::string& name) {
  return strcasecmp(name.c_str(), "localhost") == 0;
}

/** The lookup of an instance's SRV and TXT records, repeated after every change. */
class ServiceLookup final : public Activity {
 public:
  ServiceLookup(Backend& backend, Backend::ServiceFound found)
      : backend_(backend), found_(std::move(found)), operation_(backend.loop(), backend.api()) {}

  Error Start(const Target& target) {
    const uint32_t index = backend_.ToDaemon(target.place.interface_index);
    local_only_ = index == kLocalOnly;
    return backend_.Start(operation_, [&](Ref* ref, Flags flags) {
      return backend_.api().Resolve(ref, flags, index, target.place.instance.c_str(), target.type.c_str(),
                                    target.domain.c_str(), OnReply, this);
    });
  }

  void Close() override { operation_.Release(); }

 private:
  /**
   * `context` is the activity, which owns the operation. An error means that no answer has come so far, or that the
   * connection broke, which is reported elsewhere as well.
   */
  static void OnReply(Ref, Flags, uint32_t, Error error, const char*, const char* host, uint16_t port,
                      uint16_t txt_size, const unsigned char* txt, void* context) {
    if (error != kNoError || host == nullptr) return;
    auto& self = *static_cast<ServiceLookup*>(context);
    const std::string name = WithoutDot(host);
    // Apple's daemon announces services that are only on this machine with the host name "localhost".
    if (!IsLocal(name) && !(self.local_only_ && IsLocalhost(name))) return;
    self.found_({name, ntohs(port), KeptTxt(txt, txt_size)});
  }

  Backend& backend_;
  const Backend::ServiceFound found_;
  bool local_only_ = false;
  Operation operation_;  // calls OnReply with this
};

}  // namespace

std::unique_ptr<Activity> Backend::LookUpService(const Target& target, ServiceFound found) {
  auto lookup = std::make_unique<ServiceLookup>(*this, std::move(found));
  return lookup->Start(target) == kNoError ? std::move(lookup) : nullptr;
}

}  // namespace tcpnet::dns_sd
