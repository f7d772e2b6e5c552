#ifndef TCPNET_DNS_SD_ACTIVITIES_H_
#define TCPNET_DNS_SD_ACTIVITIES_H_

#include <functional>
#include <map>
#include <string>

#include "core/backend.h"
#include "dns_sd/link.h"
#include "dns_sd/operation.h"

/** What is asked of the daemon through dns_sd.h. Each Start() returns the library's error. */
namespace tcpnet::dns_sd {

/** The announcement of an instance. The daemon keeps it right when the host's name changes. */
class Announcement : public Activity {
 public:
  Announcement(Link& link, const SessionOptions& options, std::function<void()> announced,
               std::function<void(const Failed&)> failed);
  Error Start();

 private:
  static RegisterReply OnReply;

  Error Register(Flags own_flags);

  Link& link_;
  const SessionOptions options_;
  std::function<void()> announced_;  // null once called
  const std::function<void(const Failed&)> failed_;
  Operation operation_;
};

/** The instances of a type. dns_sd.h does not tell the family of the transport: every place is one of IPv4. */
class Browse : public Activity {
 public:
  Browse(Link& link, BrowseListener listener);
  Error Start(const std::string& type, uint32_t interface_index);

 private:
  static BrowseReply OnReply;

  Link& link_;
  const BrowseListener listener_;
  bool local_only_ = false;
  Operation operation_;
};

/** The SRV and TXT records of an instance, now and after every change. */
class ServiceLookup : public Activity {
 public:
  using Callback = std::function<void(const ServiceData&)>;

  ServiceLookup(Link& link, Callback found);
  Error Start(const Target& target);

 private:
  static ResolveReply OnReply;

  Link& link_;
  const Callback found_;
  bool local_only_ = false;
  Operation operation_;
};

/** The addresses of a host: one operation with Apple's library, one for each type of record with Avahi's. */
class HostLookup : public Activity {
 public:
  using Callback = std::function<void(const Address&, bool added)>;

  HostLookup(Link& link, Callback changed);
  Error Start(const HostKey& host);

 private:
  static GetAddrInfoReply OnAddress;
  static QueryRecordReply OnRecord;

  Error StartRecords(const HostKey& host);
  void Change(const Address& address, bool added);

  Link& link_;
  const Callback changed_;
  std::map<std::string, int> counts_;  // Avahi's library tells an address once for each transport
  Operation first_;
  Operation second_;
};

}  // namespace tcpnet::dns_sd

#endif  // TCPNET_DNS_SD_ACTIVITIES_H_
