#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/address_query.h"
#include "core/event_queue.h"
#include "core/session.h"

namespace tcpnet {

/** The sessions, questions and queries of the discovery thread, and their connections. Used only on that thread. */
class Discoverer {
 public:
  Discoverer(Loop& loop, EventQueue& events) : loop_(loop), events_(events) {}

  /** Opens a session; its events carry `id`. */
  void Open(uint64_t id, BackendMaker* make, const SessionOptions& options);

  /** The addresses of a session's own host name are these from now on. */
  void SetAddresses(uint64_t id, const std::vector<Address>& addresses);

  /** Closes a session, whether or not it failed; `Closed` with its id follows. */
  void Close(uint64_t id);

  /**
   * Asks where an instance is that a session has seen; one `Located` with this id may follow. To be cancelled in any
   * case.
   */
  void Locate(uint64_t session, uint64_t id, const std::string& uuid);
  void CancelLocate(uint64_t id);

  /** Asks for a host's addresses; one `HostAddresses` with this id follows. */
  void Query(uint64_t id, BackendMaker* make, const std::string& host, uint32_t interface_index,
             std::chrono::milliseconds timeout);

  /** Closes everything that is open. Idempotent; called before destruction. */
  void CloseAll();

 private:
  std::shared_ptr<Connection> ConnectionOf(BackendMaker* make, std::optional<Failed>& failed);

  Loop& loop_;
  EventQueue& events_;
  std::map<BackendMaker*, std::weak_ptr<Connection>> connections_;  // owned by those that use them
  std::map<uint64_t, std::unique_ptr<Session>> sessions_;
  std::map<uint64_t, std::shared_ptr<Connection>> locates_;  // the connection of each question
  std::map<uint64_t, std::unique_ptr<AddressQuery>> queries_;
};

}  // namespace tcpnet
