#include "avahi/daemon.h"

#include <utility>

#include "avahi/poll.h"

namespace tcpnet::avahi {

Daemon::Daemon(Loop& loop, const Api& api) : loop_(loop), api_(api), poll_(MakePoll(loop)) {}

std::optional<Failed> Daemon::Connect(std::function<void(const Failed&)> broken) {
  int error = 0;
  client_ = api_.client_new(&poll_, kIgnoreUserConfig, OnState, this, &error);
  if (client_ == nullptr) return Failed{FailureOf(error), Describe(api_, error)};
  broken_ = std::move(broken);
  return std::nullopt;
}

void Daemon::Disconnect() {
  // Forgotten here before it is freed: what the library frees with it must not be freed again.
  if (Client* client = std::exchange(client_, nullptr)) api_.client_free(client);
}

void Daemon::OnState(Client* client, int state, void* userdata) {
  auto& self = *static_cast<Daemon*>(userdata);
  if (self.client_ == nullptr) return;  // from within client_new
  if (state == kClientFailure) {
    self.Break({Failure::kDaemon, Describe(self.api_, self.api_.client_errno(client))});
  } else if (state == kClientRunning) {
    for (const auto& [observer, running] : std::map(self.observers_)) running();
  }
}

Failed Daemon::FailedBy(int error) {
  const Failed failed{FailureOf(error), Describe(api_, error)};
  if (failed.failure == Failure::kDaemon) Break(failed);
  return failed;
}

void Daemon::Break(const Failed& failed) {
  if (std::exchange(is_broken_, true)) return;
  // For a reply that comes too late the library would write a warning on stderr. Not from within its
  // callbacks.
  loop_.Defer([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) Disconnect();
  });
  broken_(failed);
}

}  // namespace tcpnet::avahi
