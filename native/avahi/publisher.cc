#include "avahi/publisher.h"

#include <utility>

#include "core/dns_data.h"

namespace tcpnet::avahi {

Publisher::Publisher(Daemon& daemon, const SessionOptions& options, std::function<void()> announced,
                     std::function<void(const Failed&)> failed)
    : daemon_(daemon),
      options_(options),
      interface_index_(options.interface_index == 0 ? kAnyInterface : static_cast<int>(options.interface_index)),
      announced_(std::move(announced)),
      failed_(std::move(failed)),
      group_(daemon, &Api::entry_group_free) {
  daemon_.Observe(this, [this] { Publish(); });
}

void Publisher::Publish() {
  if (!daemon_.running()) return;
  const Api& api = daemon_.api();
  const char* host = api.client_get_host_name_fqdn(daemon_.client());
  const char* domain = api.client_get_domain_name(daemon_.client());
  if (host == nullptr || domain == nullptr) return Fail(daemon_.error());
  if (published_host_ == host) return;
  if (!group_) {
    if (!group_.Set(api.entry_group_new(daemon_.client(), OnState, this))) return Fail(daemon_.error());
  } else if (const int error = api.entry_group_reset(group_.get()); error < 0) {
    return Fail(error);
  }
  published_host_ = host;
  int error = options_.probe ? AddService(domain) : AddRecords(domain, published_host_);
  // The records are in the daemon, which has replied to that, and not announced before they are committed.
  if (error >= 0 && !options_.permission->Take()) return;
  if (error >= 0) error = api.entry_group_commit(group_.get());
  if (error < 0) Fail(error);
}

/** The daemon's own way: it probes for the name, RFC 6762 section 8.1, which takes it most of a second. */
int Publisher::AddService(const std::string& domain) {
  const Api& api = daemon_.api();
  StringList* list = nullptr;
  for (const std::string& text : options_.txt) {
    list = api.string_list_add_arbitrary(list, reinterpret_cast<const uint8_t*>(text.data()), text.size());
  }
  const int error =
      api.entry_group_add_service_strlst(group_.get(), interface_index_, kAnyProtocol, 0, options_.instance.c_str(),
                                         options_.type.c_str(), domain.c_str(), nullptr, options_.port, list);
  api.string_list_free(list);
  return error;
}

/** The same records, of a name that is known to be unique: announced at once. RFC 6763 sections 4 to 6 and 9. */
int Publisher::AddRecords(const std::string& domain, const std::string& host) {
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
      {instance_name, kPublishUnique | kPublishNoProbe, kTypeSrv, kHostTtl, SrvData(options_.port, host)},
      {instance_name, kPublishUnique | kPublishNoProbe, kTypeTxt, kOtherTtl, TxtData(options_.txt)},
  };
  for (const auto& record : records) {
    const int error = daemon_.api().entry_group_add_record(group_.get(), interface_index_, kAnyProtocol, record.flags,
                                                           record.name.c_str(), kClassIn, record.type, record.ttl,
                                                           record.data.data(), record.data.size());
    if (error < 0) return error;
  }
  return 0;
}

void Publisher::OnState(EntryGroup*, int state, void* userdata) {
  auto& self = *static_cast<Publisher*>(userdata);
  if (state == kGroupEstablished) {
    if (const auto announced = std::exchange(self.announced_, nullptr)) announced();
  } else if (state == kGroupCollision) {
    self.Fail(kErrorCollision);
  } else if (state == kGroupFailure) {
    self.Fail(self.daemon_.error());
  }
}

}  // namespace tcpnet::avahi
