#include <algorithm>
#include <utility>
#include <vector>

#include "avahi/backend.h"
#include "avahi/owned.h"
#include "avahi/record_data.h"
#include "core/txt.h"

namespace tcpnet::avahi {

namespace {

/** How many records the daemon allows in a group by default. */
constexpr size_t kMaxRecords = 32;

/** A record of an instance or of its host. */
struct Record {
  std::string name;
  int flags;
  uint16_t type;
  uint32_t ttl;
  std::string data;
};

/**
 * Announces one instance, as soon as the daemon has a host name: under that, and again whenever it changes, because the
 * SRV record has it; or under a host name of its own.
 */
class Announcement final : public Publication {
 public:
  Announcement(Backend& backend, const SessionOptions& options, Backend::AnnounceListener listener)
      : backend_(backend),
        options_(options),
        listener_(std::move(listener)),
        host_group_(backend, &Api::entry_group_free),
        group_(backend, &Api::entry_group_free) {
    backend_.Observe(this, [this] { Publish(); });
  }

  /** Publishes the records, if the daemon is running and they are not published with its host name already. */
  void Publish();

  void SetAddresses(const std::vector<Address>& addresses) override;

  void Close() override {
    backend_.Forget(this);
    group_.Free();
    host_group_.Free();
  }

 private:
  static EntryGroupCallback OnState;

  int Begin(Owned<EntryGroup>& group);
  int Commit(const Owned<EntryGroup>& group) { return backend_.api().entry_group_commit(group.get()); }
  int Add(const Owned<EntryGroup>& group, const std::vector<Record>& records);
  int PublishHost(int unique);
  std::vector<Record> HostRecords(int unique) const;
  std::vector<Record> ServiceRecords(const std::string& domain, int unique) const;
  /**
   * The flags of unique records. The daemon probes for those (RFC 6762 section 8.1), which takes it most of a second,
   * unless the name is known to be unique.
   */
  int unique() const { return options_.probe ? kPublishUnique : kPublishUnique | kPublishNoProbe; }
  void Fail(int error) { listener_.failed(backend_.FailedBy(error)); }

  Backend& backend_;
  SessionOptions options_;
  Backend::AnnounceListener listener_;  // `announced` is null once called
  Owned<EntryGroup> host_group_;        // of its own host name; both call OnState with this
  Owned<EntryGroup> group_;
  bool host_established_ = false;
  bool established_ = false;
  std::string published_host_;  // empty: nothing is published
};

void Announcement::Publish() {
  if (!backend_.running()) return;
  const Api& api = backend_.api();
  const char* daemon_host = api.client_get_host_name_fqdn(backend_.client());
  const char* domain = api.client_get_domain_name(backend_.client());
  if (daemon_host == nullptr || domain == nullptr) return Fail(backend_.error());
  const std::string host = options_.own_host ? EscapeLabel(options_.instance) + '.' + domain : daemon_host;
  if (published_host_ == host) return;
  int error = Begin(group_);
  if (error < 0) return Fail(error);
  published_host_ = host;
  error = Add(group_, ServiceRecords(domain, unique()));
  // The records are in the daemon, which has replied to that, and not announced before they are committed.
  if (error >= 0 && !options_.permission->Take()) return;
  // The addresses first, so that they go with the SRV record.
  if (error >= 0 && options_.own_host) error = PublishHost(unique());
  if (error >= 0) error = Commit(group_);
  if (error < 0) Fail(error);
}

void Announcement::SetAddresses(const std::vector<Address>& addresses) {
  if (!options_.own_host) return;
  options_.own_host->addresses = addresses;
  // While the name is probed for, its records are not certain to be ours.
  if (published_host_.empty() || !backend_.usable()) return;
  if (const int error = PublishHost(established_ ? kPublishUnique | kPublishNoProbe : unique()); error < 0) Fail(error);
}

/** Makes a group, or empties it. */
int Announcement::Begin(Owned<EntryGroup>& group) {
  if (group) return backend_.api().entry_group_reset(group.get());
  return group.Set(backend_.api().entry_group_new(backend_.client(), OnState, this)) ? 0 : backend_.error();
}

int Announcement::Add(const Owned<EntryGroup>& group, const std::vector<Record>& records) {
  // An index of ours is another interface's where the daemon is elsewhere.
  const int interface_index = options_.own_host ? kAnyInterface : ToAvahi(options_.interface_index);
  for (const auto& record : records) {
    const int error = backend_.api().entry_group_add_record(group.get(), interface_index, kAnyProtocol, record.flags,
                                                            record.name.c_str(), kClassIn, record.type, record.ttl,
                                                            record.data.data(), record.data.size());
    if (error < 0) return error;
  }
  return 0;
}

/** A group of its own, so that the instance stays announced when the addresses change. */
int Announcement::PublishHost(int unique) {
  if (const int error = Begin(host_group_); error < 0) return error;
  const std::vector<Record> records = HostRecords(unique);
  // The daemon commits no empty group.
  host_established_ = records.empty();
  if (records.empty()) return 0;
  const int error = Add(host_group_, records);
  return error < 0 ? error : Commit(host_group_);
}

std::vector<Record> Announcement::HostRecords(int unique) const {
  std::vector<Record> records;
  const auto& addresses = options_.own_host->addresses;
  for (const Address& address : addresses) {
    if (records.size() == kMaxRecords) break;
    const auto is_alike = [&address](const Address& other) { return other.family == address.family; };
    // Not without need: the daemon takes two clients' records of a name for a conflict where one of them does not allow
    // others.
    const bool has_several = std::count_if(addresses.begin(), addresses.end(), is_alike) > 1;
    const int flags = has_several ? unique | kPublishAllowMultiple : unique;
    const uint16_t type = address.family == 4 ? kTypeA : kTypeAaaa;
    records.push_back({published_host_, flags, type, kHostTtl, DataOf(address)});
  }
  return records;
}

/** The records of RFC 6763 sections 4 to 6 and 9. */
std::vector<Record> Announcement::ServiceRecords(const std::string& domain, int unique) const {
  const std::string type_name = options_.type + '.' + domain;
  const std::string instance_name = EscapeLabel(options_.instance) + '.' + type_name;
  const std::string instance_data = LabelData(options_.instance) + NameData(type_name);
  return {
      {"_services._dns-sd._udp." + domain, 0, kTypePtr, kOtherTtl, NameData(type_name)},
      {type_name, 0, kTypePtr, kOtherTtl, instance_data},
      {instance_name, unique, kTypeSrv, kHostTtl, SrvData(options_.port, published_host_)},
      {instance_name, unique, kTypeTxt, kOtherTtl, TxtData(options_.txt)},
  };
}

/** `userdata` is the activity, which owns the groups. */
void Announcement::OnState(EntryGroup* group, int state, void* userdata) {
  auto& self = *static_cast<Announcement*>(userdata);
  if (state == kGroupEstablished) {
    (group == self.host_group_.get() ? self.host_established_ : self.established_) = true;
    const bool complete = self.established_ && (self.host_established_ || !self.options_.own_host);
    if (!complete) return;
    if (const auto announced = std::exchange(self.listener_.announced, nullptr)) announced();
  } else if (state == kGroupCollision) {
    self.Fail(kErrorCollision);
  } else if (state == kGroupFailure) {
    self.Fail(self.backend_.error());
  }
}

}  // namespace

std::unique_ptr<Publication> Backend::Announce(const SessionOptions& options, AnnounceListener listener) {
  auto announcement = std::make_unique<Announcement>(*this, options, std::move(listener));
  announcement->Publish();
  return announcement;
}

}  // namespace tcpnet::avahi
