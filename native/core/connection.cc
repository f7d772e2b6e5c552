#include "core/connection.h"

#include <utility>

namespace tcpnet {

std::optional<Failed> Connection::Connect() {
  return backend_->Connect([this](const Failed& failed) {
    usable_ = false;
    for (const auto& [session, broken] : std::map(sessions_)) broken(failed);
  });
}

void Connection::Leave(const void* session) {
  sessions_.erase(session);
  // The last session may leave many objects: closing the connection frees them faster than releasing each. A daemon
  // that does not answer would block the release of each.
  if (!sessions_.empty() && usable_) return;
  usable_ = false;
  backend_->Close();
}

}  // namespace tcpnet
