#include "core/discoverer.h"

#include <utility>

namespace tcpnet {

/** The connection in use, or a new one; null, and the failure, if there is none. */
std::shared_ptr<Connection> Discoverer::ConnectionOf(BackendMaker* make, std::optional<Failed>& failed) {
  std::shared_ptr<Connection> connection = connections_[make].lock();
  if (connection != nullptr && connection->usable()) return connection;
  connection = std::make_shared<Connection>(loop_, make(loop_));
  failed = connection->Connect();
  if (failed) return nullptr;
  connections_[make] = connection;
  return connection;
}

void Discoverer::Open(uint64_t id, BackendMaker* make, const SessionOptions& options) {
  std::optional<Failed> failed;
  const std::shared_ptr<Connection> connection = ConnectionOf(make, failed);
  if (connection == nullptr) return events_.Push({id, *failed});
  const OnEvent on_event = [this, id](SessionEvent event) { events_.Push({id, std::move(event)}); };
  sessions_[id] = std::make_unique<Session>(loop_, connection, options, on_event);
  sessions_[id]->Start();
}

void Discoverer::SetAddresses(uint64_t id, const std::vector<Address>& addresses) {
  if (const auto session = sessions_.find(id); session != sessions_.end()) session->second->SetAddresses(addresses);
}

void Discoverer::Close(uint64_t id) {
  if (const auto session = sessions_.find(id); session != sessions_.end()) {
    session->second->Close();
    sessions_.erase(session);
  }
  events_.Push({id, Closed{}});
}

void Discoverer::Locate(uint64_t session, uint64_t id, const std::string& uuid) {
  const auto open = sessions_.find(session);
  std::vector<Target> targets;
  if (open != sessions_.end()) targets = open->second->TargetsOf(uuid);
  if (targets.empty()) return events_.Push({id, Located{}});
  const auto done = [this, id](const Location& location) {
    events_.Push({id, Located{location}});
    locates_.erase(id);
  };
  locates_[id] = open->second->connection();
  locates_[id]->locator().Begin(id, std::move(targets), done);
}

void Discoverer::CancelLocate(uint64_t id) {
  const auto locate = locates_.find(id);
  if (locate == locates_.end()) return;
  locate->second->locator().Cancel(id);
  locates_.erase(locate);
}

void Discoverer::Query(uint64_t id, BackendMaker* make, const std::string& host, uint32_t interface_index,
                       std::chrono::milliseconds timeout) {
  std::optional<Failed> failed;
  const std::shared_ptr<Connection> connection = ConnectionOf(make, failed);
  if (connection == nullptr) return events_.Push({id, HostAddresses{failed->message, {}}});
  const auto done = [this, id](HostAddresses answer) {
    const auto query = queries_.extract(id);  // owns this function
    query.mapped()->Close();
    events_.Push({id, std::move(answer)});
  };
  queries_[id] = std::make_unique<AddressQuery>(loop_, connection, done);
  queries_[id]->Start(host, interface_index, timeout);
}

void Discoverer::CloseAll() {
  // Sessions first, which withdraws the announcements and closes their connection: then the rest is free of cost.
  for (const auto& [id, session] : sessions_) session->Close();
  // In reverse order, waiting questions first, so that none begins when another ends.
  for (auto one = locates_.rbegin(); one != locates_.rend(); one++) one->second->locator().Cancel(one->first);
  for (const auto& [id, query] : queries_) query->Close();
}

}  // namespace tcpnet
