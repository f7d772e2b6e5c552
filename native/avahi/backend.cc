#include "avahi/backend.h"

#include <chrono>
#include <utility>

namespace tcpnet::avahi {

namespace {

/** A question takes three of a client's 1024 objects in the daemon for each place, and an instance has a few places. */
constexpr size_t kMaxQuestions = 64;

}  // namespace

std::optional<Failed> Backend::Connect(Fail broken) {
  if (!api_) return Failed{Failure::kLibrary, api_.error()};
  int error = 0;
  client_ = api_.client_new(&poll_, kIgnoreUserConfig, OnState, this, &error);
  if (client_ == nullptr) return Failed{FailureOf(error), Describe(api_, error)};
  broken_ = std::move(broken);
  return std::nullopt;
}

void Backend::Close() {
  Loop::Remove(close_);
  // Set to null first: the library frees the client's objects as well, and they must not be freed again.
  if (Client* client = std::exchange(client_, nullptr)) api_.client_free(client);
}

/** `userdata` is the back-end, which owns the client. */
void Backend::OnState(Client* client, int state, void* userdata) {
  auto& self = *static_cast<Backend*>(userdata);
  if (self.client_ == nullptr) return;  // from within client_new
  if (state == kClientFailure) {
    self.Break({Failure::kDaemon, Describe(self.api_, self.api_.client_errno(client))});
  } else if (state == kClientRunning) {
    for (const auto& [observer, running] : std::map(self.observers_)) running();
  }
}

Failed Backend::FailedBy(int error) {
  const Failed failed{FailureOf(error), Describe(api_, error)};
  if (failed.failure == Failure::kDaemon) Break(failed);
  return failed;
}

void Backend::Break(const Failed& failed) {
  if (std::exchange(is_broken_, true)) return;
  // Closed, because the library would write a warning on stderr for a late reply; by a timer, because it must not be
  // closed from within its callbacks.
  close_ = loop_.AddTimer([this] { Close(); });
  Loop::Arm(close_, std::chrono::milliseconds(0));
  broken_(failed);
}

size_t Backend::max_questions() const {
  return kMaxQuestions;
}

std::string Backend::host_name() const {
  const char* name = usable() ? api_.client_get_host_name_fqdn(client_) : nullptr;
  return name == nullptr ? std::string() : name;
}

std::unique_ptr<Activity> Backend::IfBegun(std::unique_ptr<Activity> lookup, bool begun) {
  if (begun) return lookup;
  if (const int failed = error(); failed != kErrorTooManyObjects) FailedBy(failed);
  lookup->Close();
  return nullptr;
}

std::unique_ptr<tcpnet::Backend> MakeBackend(Loop& loop) {
  return std::make_unique<Backend>(loop);
}

}  // namespace tcpnet::avahi
