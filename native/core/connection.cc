#include "core/connection.h"

#include <vector>

namespace tcpnet {

Connection::Connection(Loop& loop, std::unique_ptr<Backend> backend)
    : backend_(std::move(backend)), locator_(loop, *backend_) {}

std::optional<Failed> Connection::Connect() {
  return backend_->Connect([this](const Failed& failed) {
    broken_ = true;
    for (const auto& [session, tell] : std::map(sessions_)) tell(failed);
  });
}

Session::Session(std::shared_ptr<Connection> connection, const SessionOptions& options, Tell tell)
    : connection_(std::move(connection)),
      options_(options),
      directory_(options.type, options.interface_index),
      tell_(std::move(tell)) {}

void Session::Start() {
  const Tell tell = [this](SessionEvent event) { TellOnce(std::move(event)); };
  connection_->sessions_[this] = tell;
  const auto announced = [this] {
    TellOnce(Announced{});
    if (options_.probe) Browse();
  };
  announcement_ = connection_->backend_->Announce(options_, announced, [tell](const Failed& failed) { tell(failed); });
  if (!options_.permission->Take()) return;
  TellOnce(Answered{});
  // While a name is probed for, this host must not ask for it: Avahi takes such a question's known answers (RFC 6762
  // section 7.1) for a reason not to defend the name against the probes that follow it.
  if (!options_.probe) Browse();
}

void Session::Browse() {
  if (failed_) return;
  std::unique_ptr<Directory>& directory = connection_->directories_[directory_];
  if (directory == nullptr) {
    directory = std::make_unique<Directory>(options_.type);
    directory->Start(*connection_->backend_, options_.interface_index);
  }
  directory->Subscribe(this, [this](SessionEvent event) { TellOnce(std::move(event)); });
}

void Session::BeginLocate(uint64_t id, const std::string& uuid, std::function<void(const Location*)> done) {
  const auto directory = connection_->directories_.find(directory_);
  std::vector<Target> targets;
  if (directory != connection_->directories_.end()) targets = directory->second->TargetsOf(uuid);
  if (targets.empty()) return done(nullptr);
  locates_.insert(id);
  connection_->locator_.Begin(id, std::move(targets), [this, id, done](const Location& location) {
    locates_.erase(id);
    done(&location);
  });
}

void Session::CancelLocate(uint64_t id) {
  if (locates_.erase(id) > 0) connection_->locator_.Cancel(id);
}

Session::~Session() {
  for (const uint64_t id : locates_) connection_->locator_.Cancel(id);
  // First, and while there is a connection, so that the daemon has said goodbye when this returns.
  announcement_.reset();
  connection_->sessions_.erase(this);
  // What is left of the last session is many objects, which the daemon is quicker to forget than to be told of. One
  // that does not answer would not answer for any of them.
  if (connection_->sessions_.empty() || connection_->broken_) connection_->backend_->Disconnect();
  const auto directory = connection_->directories_.find(directory_);
  if (directory == connection_->directories_.end()) return;
  directory->second->Unsubscribe(this);
  if (directory->second->unused()) connection_->directories_.erase(directory);
}

void Session::TellOnce(SessionEvent event) {
  if (failed_) return;
  failed_ = std::holds_alternative<Failed>(event);
  tell_(std::move(event));
}

}  // namespace tcpnet
