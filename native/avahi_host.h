#ifndef TCPNET_AVAHI_HOST_H_
#define TCPNET_AVAHI_HOST_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "address.h"
#include "avahi_api.h"
#include "avahi_connection.h"

namespace tcpnet::avahi {

/**
 * The addresses of one host, as told on one interface over one family of transport: a record browser for each type of
 * address record. All instances on that host share it.
 */
class Host : public std::enable_shared_from_this<Host> {
 public:
  using Key = std::tuple<std::string, int, int>;  // name, interface, protocol

  Host(Connection& connection, const Key& key);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /** Starts. Returns 0, or an error of the library. */
  int Start();

  const Key& key() const { return key_; }
  const std::string& name() const { return std::get<0>(key_); }
  /** In the order in which they were learned. */
  const std::vector<Address>& addresses() const { return addresses_; }

  /** `changed` is called whenever the addresses change, until Forget(). */
  void Observe(const void* who, std::function<void()> changed) { observers_[who] = std::move(changed); }
  void Forget(const void* who) { observers_.erase(who); }

 private:
  static RecordBrowserCallback OnRecord;

  void Add(const Address& address);
  void Remove(const Address& address);
  void Changed();

  Connection& connection_;
  const Key key_;
  Owned<RecordBrowser> ipv4_;
  Owned<RecordBrowser> ipv6_;
  std::vector<Address> addresses_;
  std::map<const void*, std::function<void()>> observers_;
};

}  // namespace tcpnet::avahi

#endif  // TCPNET_AVAHI_HOST_H_
