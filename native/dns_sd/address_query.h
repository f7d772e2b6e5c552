#ifndef TCPNET_DNS_SD_ADDRESS_QUERY_H_
#define TCPNET_DNS_SD_ADDRESS_QUERY_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/loop.h"
#include "dns_sd/api.h"
#include "dns_sd/operation.h"

namespace tcpnet::dns_sd {

/**
 * Asks the daemon, once, for the addresses of a host name on one interface. A record set has no end in DNS-SD, and a
 * host may have addresses of one family alone: the query is over a moment after the last answer, or at its deadline.
 */
class AddressQuery {
 public:
  /** Called once, from the loop; `error` is empty where addresses were found. The query may be destroyed later only. */
  using Done = std::function<void(const std::string& error, const std::vector<Address>& addresses)>;

  AddressQuery(Loop& loop, const Api& api, Done done);
  ~AddressQuery();
  AddressQuery(const AddressQuery&) = delete;
  AddressQuery& operator=(const AddressQuery&) = delete;

  void Start(const std::string& host, uint32_t interface_index, std::chrono::milliseconds timeout);

 private:
  static GetAddrInfoReply OnAddress;
  static QueryRecordReply OnRecord;

  Error StartBoth(const std::string& host, uint32_t interface_index);
  Error StartRecords(const std::string& host, uint32_t interface_index);
  void Answer(Flags flags, Error error, const Address& address);
  void Finish(Error error);

  Loop& loop_;
  const Api& api_;
  Done done_;  // null once called
  Operation first_;
  Operation second_;
  Loop::Timer* deadline_;
  Loop::Timer* quiet_;
  std::vector<Address> addresses_;
};

}  // namespace tcpnet::dns_sd

#endif  // TCPNET_DNS_SD_ADDRESS_QUERY_H_
