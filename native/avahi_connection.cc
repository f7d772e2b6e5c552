#include "avahi_connection.h"

#include <utility>

#include "avahi_poll.h"

namespace tcpnet::avahi {

Connection::Connection(Loop& loop, const Api& api) : loop_(loop), api_(api), poll_(MakePoll(loop)) {}

std::optional<Failed> Connection::Open() {
  int error = 0;
  client_ = api_.client_new(&poll_, kIgnoreUserConfig, OnState, this, &error);
  if (client_ != nullptr) return std::nullopt;
  return Failed{FailureOf(error), Describe(api_, error)};
}

void Connection::Close() {
  // Freed after it is forgotten here: what is freed with it must not be freed again.
  if (Client* client = std::exchange(client_, nullptr)) api_.client_free(client);
}

void Connection::OnState(Client* client, int state, void* userdata) {
  auto& self = *static_cast<Connection*>(userdata);
  if (self.client_ == nullptr) return;  // from within client_new
  if (state == kClientFailure) {
    const int error = self.api_.client_errno(client);
    self.Break({Failure::kDaemon, Describe(self.api_, error)});
  } else if (state == kClientRunning) {
    for (const auto& [who, observer] : std::map(self.observers_)) {
      if (self.observers_.count(who) != 0) observer.running();
    }
  }
}

Failed Connection::FailedBy(int error) {
  const Failed failed{FailureOf(error), Describe(api_, error)};
  if (failed.failure == Failure::kDaemon) Break(failed);
  return failed;
}

void Connection::Break(const Failed& failed) {
  if (std::exchange(broken_, true)) return;
  for (const auto& [who, observer] : std::exchange(observers_, {})) observer.broken(failed);
}

}  // namespace tcpnet::avahi
