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
 * Asks the daemon, once, for the addresses of a host name on one interface. DNS-SD does not mark the end of a record
 * set, and a host may have addresses of only one family: the query ends a short time after its last answer, or after a
 * timeout without one. Discovery thread.
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

  /** Ends the query. Idempotent; to be called before destruction, and not from within a callback of the back-end. */
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
