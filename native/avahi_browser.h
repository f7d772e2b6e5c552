#ifndef TCPNET_AVAHI_BROWSER_H_
#define TCPNET_AVAHI_BROWSER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "avahi_connection.h"
#include "avahi_resolver.h"
#include "backend.h"

namespace tcpnet::avahi {

/**
 * The instances of one service type, on one interface or all; shared by all sessions that look for the same. Who comes
 * later is told at once what is known already.
 */
class Browser {
 public:
  Browser(Connection& connection, Resolver& resolver, std::string type, uint32_t interface_index);
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  /** Starts. Says why where it cannot. */
  std::optional<Failed> Start();

  /** `tell` gets Found, Lost, Settled and perhaps Failed, until Unsubscribe(); some of it from within this call. */
  void Subscribe(const void* who, const Backend::Tell& tell);
  void Unsubscribe(const void* who) { subscribers_.erase(who); }
  bool unused() const { return subscribers_.empty(); }

 private:
  static ServiceBrowserCallback OnEvent;

  void Appeared(const Place& place, const char* domain);
  void Vanished(const Place& place);
  void Tell(const SessionEvent& event);

  Connection& connection_;
  Resolver& resolver_;
  const std::string type_;
  const uint32_t interface_index_;
  bool settled_ = false;
  std::optional<Failed> failed_;
  std::map<const void*, Backend::Tell> subscribers_;
  Owned<ServiceBrowser> browser_;
  std::map<Place, std::unique_ptr<Instance>> instances_;
};

}  // namespace tcpnet::avahi

#endif  // TCPNET_AVAHI_BROWSER_H_
