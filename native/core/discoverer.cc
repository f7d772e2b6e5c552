#include "core/discoverer.h"

#include <utility>

namespace tcpnet {

/** The connection in use, or a new one; null, and why, where there is none. */
std::shared_ptr<Connection> Discoverer::ConnectionOf(BackendName name, std::optional<Failed>& failed) {
  std::weak_ptr<Connection>& current = name == BackendName::kAvahi ? avahi_ : bonjour_;
  std::shared_ptr<Connection> connection = current.lock();
  if (connection != nullptr && connection->usable()) return connection;
  connection = std::make_shared<Connection>(
      loop_, name == BackendName::kAvahi ? MakeAvahiBackend(loop_) : MakeBonjourBackend(loop_));
  failed = connection->Connect();
  if (failed) return nullptr;
  current = connection;
  return connection;
}

void Discoverer::Open(uint64_t id, BackendName name, const SessionOptions& options) {
  std::optional<Failed> failed;
  const std::shared_ptr<Connection> connection = ConnectionOf(name, failed);
  if (connection == nullptr) return events_->Push({id, *failed});
  const Tell tell = [this, id](SessionEvent event) { events_->Push({id, std::move(event)}); };
  sessions_[id] = std::make_unique<Session>(connection, options, tell);
  sessions_[id]->Start();
}

void Discoverer::Close(uint64_t id) {
  sessions_.erase(id);
  events_->Push({id, Closed{}});
}

void Discoverer::Locate(uint64_t session, uint64_t id, const std::string& uuid) {
  const auto open = sessions_.find(session);
  if (open == sessions_.end()) return events_->Push({id, Located{}});
  open->second->BeginLocate(id, uuid, [this, id](const Location* location) {
    events_->Push({id, Located{location == nullptr ? std::nullopt : std::optional(*location)}});
  });
}

void Discoverer::CancelLocate(uint64_t session, uint64_t id) {
  const auto open = sessions_.find(session);
  if (open != sessions_.end()) open->second->CancelLocate(id);
}

void Discoverer::Query(uint64_t id, const std::string& host, uint32_t interface_index,
                       std::chrono::milliseconds timeout) {
  if (dns_sd_ == nullptr) dns_sd_ = std::make_unique<dns_sd::Api>();
  if (!*dns_sd_) {
    events_->Push({id, QueryResult{dns_sd_->error(), {}}});
    return;
  }
  const auto done = [this, id](const std::string& error, const std::vector<Address>& addresses) {
    events_->Push({id, QueryResult{error, addresses}});
    loop_.Defer([this, id] { queries_.erase(id); });
  };
  auto query = std::make_unique<dns_sd::AddressQuery>(loop_, *dns_sd_, done);
  (queries_[id] = std::move(query))->Start(host, interface_index, timeout);
}

}  // namespace tcpnet
