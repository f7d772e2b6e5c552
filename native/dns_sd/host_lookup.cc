#include <utility>

#include "dns_sd/backend.h"

namespace tcpnet::dns_sd {

namespace {

/** The addresses of a host: one operation for each type of address record. */
class HostLookup final : public Activity {
 public:
  HostLookup(Backend& backend, Backend::AddressFound found)
      : backend_(backend),
        found_(std::move(found)),
        ipv4_(backend.loop(), backend.api()),
        ipv6_(backend.loop(), backend.api()) {}

  bool Start(const std::string& host, uint32_t interface_index) {
    const uint32_t index = backend_.ToDaemon(interface_index);
    if (index == kLocalOnly) {
      // A service that is only on loopback is on this machine.
      found_({4, "127.0.0.1"});
      found_({6, "::1"});
      return true;
    }
    const auto query = [&](Operation& operation, uint16_t type) {
      return backend_.Start(operation, [&](Ref* ref, Flags flags) {
        return backend_.api().QueryRecord(ref, flags, index, host.c_str(), type, kClassIn, OnRecord, this);
      });
    };
    return query(ipv4_, kTypeA) == kNoError && query(ipv6_, kTypeAaaa) == kNoError;
  }

  void Close() override {
    ipv4_.Release();
    ipv6_.Release();
  }

 private:
  /** `context` is the activity, which owns both operations. */
  static void OnRecord(Ref, Flags flags, uint32_t, Error error, const char*, uint16_t, uint16_t, uint16_t size,
                       const void* data, uint32_t, void* context) {
    if (error == kNoError && (flags & kAdd) != 0) static_cast<HostLookup*>(context)->found_(AddressOf(data, size));
  }

  Backend& backend_;
  const Backend::AddressFound found_;
  Operation ipv4_;  // both call OnRecord with this
  Operation ipv6_;
};

}  // namespace

std::unique_ptr<Activity> Backend::LookUpHost(const std::string& host, const Place& place, AddressFound found) {
  auto lookup = std::make_unique<HostLookup>(*this, std::move(found));
  if (lookup->Start(host, place.interface_index)) return lookup;
  lookup->Close();
  return nullptr;
}

}  // namespace tcpnet::dns_sd
