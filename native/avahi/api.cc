#include "avahi/api.h"

namespace tcpnet::avahi {

Api::Api() : common_("libavahi-common.so.3"), client_("libavahi-client.so.3") {
  loaded_ = common_.Find("avahi_strerror", strerror) && client_.Find("avahi_client_new", client_new) &&
            client_.Find("avahi_client_free", client_free) &&
            client_.Find("avahi_client_get_state", client_get_state) &&
            client_.Find("avahi_client_errno", client_errno) &&
            client_.Find("avahi_client_get_domain_name", client_get_domain_name) &&
            client_.Find("avahi_client_get_host_name_fqdn", client_get_host_name_fqdn) &&
            client_.Find("avahi_entry_group_new", entry_group_new) &&
            client_.Find("avahi_entry_group_free", entry_group_free) &&
            client_.Find("avahi_entry_group_commit", entry_group_commit) &&
            client_.Find("avahi_entry_group_reset", entry_group_reset) &&
            client_.Find("avahi_entry_group_add_record", entry_group_add_record) &&
            client_.Find("avahi_service_browser_new", service_browser_new) &&
            client_.Find("avahi_service_browser_free", service_browser_free) &&
            client_.Find("avahi_service_resolver_new", service_resolver_new) &&
            client_.Find("avahi_service_resolver_free", service_resolver_free) &&
            client_.Find("avahi_record_browser_new", record_browser_new) &&
            client_.Find("avahi_record_browser_free", record_browser_free);
  if (loaded_) return;
  const std::string& said = client_ ? common_.error() : client_.error();
  error_ = "Avahi's client library did not open (" + (said.empty() ? "a function is missing" : said) +
           "): install libavahi-client3 (Debian, Ubuntu), avahi-libs (Fedora), avahi (Arch) or avahi-libs (Alpine)";
}

Failure FailureOf(int error) {
  switch (error) {
    case kErrorCollision:
      return Failure::kConflict;
    case kErrorBadState:  // the daemon is going away: the library has noticed, but not reported it yet
    case kErrorDbus:      // among others: no reply within D-Bus's 25 s
    case kErrorDisconnected:
    case kErrorNoDaemon:
    case kErrorTimeout:
      return Failure::kDaemon;
    default:
      return Failure::kRefused;
  }
}

std::string Describe(const Api& api, int error) {
  const std::string said = api.strerror(error);
  switch (error) {
    case kErrorCollision:
      return "another instance on the network has the name: choose another uuid, or leave out the setting";
    case kErrorNoDaemon:
      return "avahi-daemon is not running, or the system's D-Bus, over which it is reached, is not: start it with "
             "`systemctl start avahi-daemon`, or install the package avahi-daemon (Alpine, Arch, Fedora: avahi)";
    case kErrorDbus:
      return "the system's D-Bus, over which avahi-daemon is reached, does not answer (" + said +
             "): start both with `systemctl start dbus avahi-daemon`, or install the packages dbus and avahi-daemon";
    case kErrorBadState:
    case kErrorDisconnected:
    case kErrorTimeout:
      return "the connection to avahi-daemon broke (" + said + "): check that it is running";
    default:
      return "avahi-daemon refused the request (" + said + "): see its log and /etc/avahi/avahi-daemon.conf";
  }
}

}  // namespace tcpnet::avahi
