#include <utility>

#include "avahi/backend.h"
#include "avahi/owned.h"
#include "avahi/record_data.h"
#include "core/txt.h"

namespace tcpnet::avahi {

namespace {

/**
 * Announces one instance, as soon as the daemon has a host name, and again whenever that name changes, because the SRV
 * record contains it.
 */
class Announcement final : public Activity {
 public:
  Announcement(Backend& backend, const SessionOptions& options, Backend::AnnounceListener listener)
      : backend_(backend), options_(options), listener_(std::move(listener)), group_(backend, &Api::entry_group_free) {
    backend_.Observe(this, [this] { Publish(); });
  }

  /** Publishes the records, if the daemon is running and they are not published with its host name already. */
  void Publish();

  void Close() override {
    backend_.Forget(this);
    group_.Free();
  }

 private:
  static EntryGroupCallback OnState;

  int AddRecords(const std::string& domain, const std::string& host);
  void Fail(int error) { listener_.failed(backend_.FailedBy(error)); }

  Backend& backend_;
  const SessionOptions options_;
  Backend::AnnounceListener listener_;  // `announced` is null once called
  Owned<EntryGroup> group_;             // calls OnState with this
  std::string published_host_;          // empty: nothing is published
};

void Announcement::Publish() {
  if (!backend_.running()) return;
  const Api& api = backend_.api();
  const char* host = api.client_get_host_name_fqdn(backend_.client());
  const char* domain = api.client_get_domain_name(backend_.client());
  if (host == nullptr || domain == nullptr) return Fail(backend_.error());
  if (published_host_ == host) return;
  if (!group_) {
    if (!group_.Set(api.entry_group_new(backend_.client(), OnState, this))) return Fail(backend_.error());
  } else if (const int error = api.entry_group_reset(group_.get()); error < 0) {
    return Fail(error);
  }
  published_host_ = host;
  int error = AddRecords(domain, published_host_);
  // The daemon has replied, and has the records, but announces them only after the commit.
  if (error >= 0 && !options_.permission->Take()) return;
  if (error >= 0) error = api.entry_group_commit(group_.get());
  if (error < 0) Fail(error);
}

/**
 * The records of RFC 6763 sections 4 to 6 and 9. The daemon probes for the unique records (RFC 6762 section 8.1), which
 * takes most of a second, unless the name is known to be unique.
 */
int Announcement::AddRecords(const std::string& domain, const std::string& host) {
  const int unique = options_.probe ? kPublishUnique : kPublishUnique | kPublishNoProbe;
  const std::string type_name = options_.type + '.' + domain;
  const std::string instance_name = EscapeLabel(options_.instance) + '.' + type_name;
  const std::string instance_data = LabelData(options_.instance) + NameData(type_name);
  const struct {
    std::string name;
    int flags;
    uint16_t type;
    uint32_t ttl;
    std::string data;
  } records[] = {
      {"_services._dns-sd._udp." + domain, 0, kTypePtr, kOtherTtl, NameData(type_name)},
      {type_name, 0, kTypePtr, kOtherTtl, instance_data},
      {instance_name, unique, kTypeSrv, kHostTtl, SrvData(options_.port, host)},
      {instance_name, unique, kTypeTxt, kOtherTtl, TxtData(options_.txt)},
  };
  for (const auto& record : records) {
    const int error = backend_.api().entry_group_add_record(
        group_.get(), ToAvahi(options_.interface_index), kAnyProtocol, record.flags, record.name.c_str(), kClassIn,
        record.type, record.ttl, record.data.data(), record.data.size());
    if (error < 0) return error;
  }
  return 0;
}

/** `userdata` is the activity, which owns the group. */
void Announcement::OnState(EntryGroup*, int state, void* userdata) {
  auto& self = *static_cast<Announcement*>(userdata);
  if (state == kGroupEstablished) {
    if (const auto announced = std::exchange(self.listener_.announced, nullptr)) announced();
  } else if (state == kGroupCollision) {
    self.Fail(kErrorCollision);
  } else if (state == kGroupFailure) {
    self.Fail(self.backend_.error());
  }
}

}  // namespace

std::unique_ptr<Activity> Backend::Announce(const SessionOptions& options, AnnounceListener listener) {
  auto announcement = std::make_unique<Announcement>(*this, options, std::move(listener));
  announcement->Publish();
  return announcement;
}

}  // namespace tcpnet::avahi
