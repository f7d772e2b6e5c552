#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/connection.h"

namespace tcpnet {

/**
 * Asks the daemon, once, for the addresses of a host name on one interface. A record set has no end in DNS-SD, and a
 * host may have addresses of one family alone: the query is over a moment after its last answer, or after a time
 * without any. Discovery thread.
 */
class AddressQuery {
 public:
  using Done = std::function<void(HostAddresses answer)>;
  using IsEnough = std::function<bool(const Address& address)>;

  /**
   * `done` is called once, from the loop, unless this is closed; it may close and destroy this. An address of which
   * `is_enough`, where given, returns true is the last.
   */
  AddressQuery(Loop& loop, std::shared_ptr<Connection> connection, Done done, IsEnough is_enough = nullptr);
  AddressQuery(const AddressQuery&) = delete;

  void Start(const std::string& host, uint32_t interface_index, std::chrono::milliseconds timeout);

  /** Idempotent; to be called before it is destroyed, and not from within a callback of the back-end. */
  void Close();

 private:
  void OnAddress(const Address& address);
  void Finish();

  const std::shared_ptr<Connection> connection_;
  const Done done_;
  const IsEnough is_enough_;
  Loop::Timer* end_;
  std::vector<Address> addresses_;
  bool is_complete_ = false;
  std::unique_ptr<Activity> lookup_;
};

}  // namespace tcpnet
