#include "core/backend.h"

#include <memory>
#include <utility>

#include "avahi/api.h"
#include "avahi/daemon.h"
#include "avahi/lookups.h"
#include "avahi/publisher.h"

namespace tcpnet {

namespace avahi {

namespace {

/** Of the 1024 objects that the daemon allows a client; the others are for browsers and entry groups. */
constexpr Backend::Limits kLimits{768, 3};

class AvahiBackend : public Backend {
 public:
  explicit AvahiBackend(Loop& loop) : daemon_(loop, api_) {}

  std::optional<Failed> Connect(std::function<void(const Failed&)> broken) override {
    if (!api_) return Failed{Failure::kLibrary, api_.error()};
    return daemon_.Connect(std::move(broken));
  }

  void Disconnect() override { daemon_.Disconnect(); }

  Limits limits() const override { return kLimits; }

  std::unique_ptr<Activity> Announce(const SessionOptions& options, std::function<void()> announced,
                                     std::function<void(const Failed&)> failed) override {
    auto publisher = std::make_unique<Publisher>(daemon_, options, std::move(announced), std::move(failed));
    publisher->Publish();
    return publisher;
  }

  std::unique_ptr<Activity> Browse(const std::string& type, uint32_t interface_index,
                                   BrowseListener listener) override {
    if (!daemon_.usable()) return nullptr;
    const auto failed = listener.failed;
    auto browse = std::make_unique<avahi::Browse>(daemon_, std::move(listener));
    if (!browse->Start(type, interface_index)) failed(daemon_.FailedBy(daemon_.error()));
    return browse;
  }

  std::unique_ptr<Activity> LookUpService(const Target& target,
                                          std::function<void(const ServiceData&)> found) override {
    return Start<ServiceLookup>(target, std::move(found));
  }

  std::unique_ptr<Activity> LookUpHost(const HostKey& host,
                                       std::function<void(const Address&, bool added)> changed) override {
    return Start<HostLookup>(host, std::move(changed));
  }

 private:
  template <typename Kind, typename What>
  std::unique_ptr<Activity> Start(const What& what, typename Kind::Callback callback) {
    if (!daemon_.usable()) return nullptr;
    auto lookup = std::make_unique<Kind>(daemon_, std::move(callback));
    if (lookup->Start(what)) return lookup;
    const int error = daemon_.error();
    if (error != kErrorTooManyObjects) daemon_.FailedBy(error);
    return nullptr;
  }

  const Api api_;
  Daemon daemon_;
};

}  // namespace

}  // namespace avahi

std::unique_ptr<Backend> MakeAvahiBackend(Loop& loop) {
  return std::make_unique<avahi::AvahiBackend>(loop);
}

}  // namespace tcpnet
