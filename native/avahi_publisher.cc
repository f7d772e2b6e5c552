#include "avahi_publisher.h"

#include <utility>

#include "dns_data.h"

namespace tcpnet::avahi {

Publisher::Publisher(Connection& connection, const SessionOptions& options, Backend::Tell tell)
    : connection_(connection), options_(options), tell_(std::move(tell)), group_(connection, &Api::entry_group_free) {}

void Publisher::Publish() {
  if (!connection_.running()) return;
  const Api& api = connection_.api();
  const char* host = api.client_get_host_name_fqdn(connection_.client());
  const char* domain = api.client_get_domain_name(connection_.client());
  if (host == nullptr || domain == nullptr) return Fail(connection_.error());
  if (published_host_ == host) return;
  if (!group_) {
    if (!group_.Set(api.entry_group_new(connection_.client(), OnState, this))) return Fail(connection_.error());
  } else if (const int error = api.entry_group_reset(group_.get()); error < 0) {
    return Fail(error);
  }
  published_host_ = host;
  int error = Fill(domain, host);
  if (error >= 0) error = api.entry_group_commit(group_.get());
  if (error < 0) Fail(error);
}

int Publisher::Fill(const std::string& domain, const std::string& host) {
  return options_.probe ? AddService(domain) : AddRecords(domain, host);
}

/** The daemon's own way: it probes for the name, RFC 6762 section 8.1, which takes it most of a second. */
int Publisher::AddService(const std::string& domain) {
  const Api& api = connection_.api();
  StringList* list = nullptr;
  for (const std::string& text : options_.txt) {
    list = api.string_list_add_arbitrary(list, reinterpret_cast<const uint8_t*>(text.data()), text.size());
  }
  const int interface_index =
      options_.interface_index == 0 ? kAnyInterface : static_cast<int>(options_.interface_index);
  const int error =
      api.entry_group_add_service_strlst(group_.get(), interface_index, kAnyProtocol, 0, options_.instance.c_str(),
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
  const int interface_index =
      options_.interface_index == 0 ? kAnyInterface : static_cast<int>(options_.interface_index);
  for (const auto& record : records) {
    const int error = connection_.api().entry_group_add_record(group_.get(), interface_index, kAnyProtocol,
                                                               record.flags, record.name.c_str(), kClassIn, record.type,
                                                               record.ttl, record.data.data(), record.data.size());
    if (error < 0) return error;
  }
  return 0;
}

void Publisher::OnState(EntryGroup*, int state, void* userdata) {
  auto& self = *static_cast<Publisher*>(userdata);
  if (state == kGroupEstablished) {
    if (!std::exchange(self.announced_, true)) self.tell_(Announced{});
  } else if (state == kGroupCollision) {
    self.Fail(kErrorCollision);
  } else if (state == kGroupFailure) {
    self.Fail(self.connection_.error());
  }
}

void Publisher::Fail(int error) {
  tell_(connection_.FailedBy(error));
}

}  // namespace tcpnet::avahi
