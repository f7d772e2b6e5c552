#ifndef TCPNET_AVAHI_LOOKUPS_H_
#define TCPNET_AVAHI_LOOKUPS_H_

#include <functional>
#include <string>

#include "avahi/daemon.h"
#include "core/backend.h"

/** What is asked of avahi-daemon. Each Start() returns whether the daemon does it; if not, the error is in `daemon`. */
namespace tcpnet::avahi {

/** The instances of a type. */
class Browse : public Activity {
 public:
  Browse(Daemon& daemon, BrowseListener listener);
  bool Start(const std::string& type, uint32_t interface_index);

 private:
  static ServiceBrowserCallback OnEvent;

  Daemon& daemon_;
  const BrowseListener listener_;
  Owned<ServiceBrowser> browser_;
};

/** The SRV and TXT records of an instance, now and after every change. */
class ServiceLookup : public Activity {
 public:
  using Callback = std::function<void(const ServiceData&)>;

  ServiceLookup(Daemon& daemon, Callback found);
  bool Start(const Target& target);

 private:
  static ServiceResolverCallback OnEvent;

  Daemon& daemon_;
  const Callback found_;
  Owned<ServiceResolver> resolver_;
};

/** The addresses of a host: a record browser for each type of address record. */
class HostLookup : public Activity {
 public:
  using Callback = std::function<void(const Address&, bool added)>;

  HostLookup(Daemon& daemon, Callback changed);
  bool Start(const HostKey& host);

 private:
  static RecordBrowserCallback OnEvent;

  Daemon& daemon_;
  const Callback changed_;
  Owned<RecordBrowser> ipv4_;
  Owned<RecordBrowser> ipv6_;
};

}  // namespace tcpnet::avahi

#endif  // TCPNET_AVAHI_LOOKUPS_H_
