#ifndef TCPNET_CORE_DISCOVERER_H_
#define TCPNET_CORE_DISCOVERER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/backend.h"
#include "core/connection.h"
#include "core/discovery_thread.h"
#include "core/event_queue.h"
#include "core/loop.h"
#include "dns_sd/address_query.h"
#include "dns_sd/api.h"

namespace tcpnet {

/** What the discovery thread does: its sessions and queries, and the back-ends they use. Confined to that thread. */
class Discoverer {
 public:
  Discoverer(Loop& loop, std::shared_ptr<EventQueue> events) : loop_(loop), events_(std::move(events)) {}

  void Open(uint64_t id, BackendName name, const SessionOptions& options);
  void Close(uint64_t id);
  void Locate(uint64_t session, uint64_t id, const std::string& uuid);
  void CancelLocate(uint64_t session, uint64_t id);
  void Query(uint64_t id, const std::string& host, uint32_t interface_index, std::chrono::milliseconds timeout);

 private:
  std::shared_ptr<Connection> ConnectionOf(BackendName name, std::optional<Failed>& failed);

  Loop& loop_;
  const std::shared_ptr<EventQueue> events_;
  std::weak_ptr<Connection> avahi_;  // owned by the sessions on it
  std::weak_ptr<Connection> bonjour_;
  std::unique_ptr<dns_sd::Api> dns_sd_;
  std::map<uint64_t, std::unique_ptr<Session>> sessions_;
  std::map<uint64_t, std::unique_ptr<dns_sd::AddressQuery>> queries_;
};

}  // namespace tcpnet

#endif  // TCPNET_CORE_DISCOVERER_H_
