#include "core/backend.h"

#include <memory>
#include <utility>

#include "dns_sd/activities.h"
#include "dns_sd/link.h"

namespace tcpnet {

namespace dns_sd {

namespace {

/** Over one shared connection an operation is a few bytes at either end. */
constexpr Backend::Limits kSharedLimits{512, 2};

/**
 * With Avahi's library each operation is a thread and a D-Bus connection, of which a user may have 256, in all
 * processes together.
 */
constexpr Backend::Limits kSingleLimits{24, 3};

class BonjourBackend : public Backend {
 public:
  explicit BonjourBackend(Loop& loop) : link_(loop) {}

  std::optional<Failed> Connect(std::function<void(const Failed&)> broken) override {
    return link_.Connect(std::move(broken));
  }

  /** Nothing to do: releasing an operation asks nothing of the daemon that it would wait for. */
  void Disconnect() override {}

  Limits limits() const override { return link_.takes_flags() ? kSharedLimits : kSingleLimits; }

  std::unique_ptr<Activity> Announce(const SessionOptions& options, std::function<void()> announced,
                                     std::function<void(const Failed&)> failed) override {
    auto announcement = std::make_unique<Announcement>(link_, options, std::move(announced), failed);
    if (const Error error = announcement->Start(); error != kNoError) failed(link_.FailedBy(error));
    return announcement;
  }

  std::unique_ptr<Activity> Browse(const std::string& type, uint32_t interface_index,
                                   BrowseListener listener) override {
    const auto failed = listener.failed;
    auto browse = std::make_unique<dns_sd::Browse>(link_, std::move(listener));
    if (const Error error = browse->Start(type, interface_index); error != kNoError) failed(link_.FailedBy(error));
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
    auto lookup = std::make_unique<Kind>(link_, std::move(callback));
    if (lookup->Start(what) != kNoError) return nullptr;
    return lookup;
  }

  Link link_;
};

}  // namespace

}  // namespace dns_sd

std::unique_ptr<Backend> MakeBonjourBackend(Loop& loop) {
  return std::make_unique<dns_sd::BonjourBackend>(loop);
}

}  // namespace tcpnet
