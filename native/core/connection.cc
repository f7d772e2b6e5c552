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
  // What is left of the last session is many objects, which the daemon is quicker to forget than to be told of. One
  // that does not answer would not answer for any of them.
  if (!sessions_.empty() && usable_) return;
  usable_ = false;
  backend_->Close();
}

}  // namespace tcpnet
