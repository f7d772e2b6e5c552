#include "discoverer.h"

#include <utility>

namespace tcpnet {

Backend& Discoverer::BackendOf(BackendName name) {
  std::unique_ptr<Backend>& backend = name == BackendName::kAvahi ? avahi_ : bonjour_;
  if (backend == nullptr) {
    backend = name == BackendName::kAvahi ? MakeAvahiBackend(loop_) : MakeBonjourBackend(loop_);
  }
  return *backend;
}

void Discoverer::Open(uint64_t id, BackendName name, const SessionOptions& options) {
  sessions_[id] = BackendOf(name).Open(options, [this, id](SessionEvent event) { Tell(id, std::move(event)); });
}

void Discoverer::Tell(uint64_t id, SessionEvent event) {
  events_->Push({id, std::move(event)});
}

void Discoverer::Close(uint64_t id) {
  sessions_.erase(id);
  events_->Push({id, Closed{}});
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
