#ifndef TCPNET_DISCOVERER_H_
#define TCPNET_DISCOVERER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "address_query.h"
#include "backend.h"
#include "discovery_thread.h"
#include "dns_sd_api.h"
#include "event_queue.h"
#include "loop.h"

namespace tcpnet {

/** What the discovery thread does: its sessions and queries, and the back-ends they use. Confined to that thread. */
class Discoverer {
 public:
  Discoverer(Loop& loop, std::shared_ptr<EventQueue> events) : loop_(loop), events_(std::move(events)) {}

  void Open(uint64_t id, BackendName name, const SessionOptions& options);
  void Close(uint64_t id);
  void Query(uint64_t id, const std::string& host, uint32_t interface_index, std::chrono::milliseconds timeout);

 private:
  Backend& BackendOf(BackendName name);
  void Tell(uint64_t id, SessionEvent event);

  Loop& loop_;
  const std::shared_ptr<EventQueue> events_;
  std::unique_ptr<Backend> avahi_;
  std::unique_ptr<Backend> bonjour_;
  std::unique_ptr<dns_sd::Api> dns_sd_;
  std::map<uint64_t, std::unique_ptr<BackendSession>> sessions_;
  std::map<uint64_t, std::unique_ptr<dns_sd::AddressQuery>> queries_;
};

}  // namespace tcpnet

#endif  // TCPNET_DISCOVERER_H_
