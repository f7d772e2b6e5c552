#include <map>
#include <memory>
#include <utility>

#include "avahi_api.h"
#include "avahi_browser.h"
#include "avahi_connection.h"
#include "avahi_publisher.h"
#include "avahi_resolver.h"
#include "backend.h"

namespace tcpnet::avahi {

namespace {

/** What the sessions of one connection share. Lives as long as the last of them. */
struct Shared {
  Shared(Loop& loop, const Api& api) : connection(loop, api), resolver(connection) {}

  Connection connection;
  Resolver resolver;
  std::map<std::pair<std::string, uint32_t>, std::unique_ptr<Browser>> browsers;
  size_t sessions = 0;
};

class Session : public BackendSession {
 public:
  Session(std::shared_ptr<Shared> shared, const SessionOptions& options, Backend::Tell tell);
  ~Session() override;

  void Start();

 private:
  void Tell(SessionEvent event);

  const std::shared_ptr<Shared> shared_;
  const std::pair<std::string, uint32_t> browsed_;
  const Backend::Tell tell_;
  bool failed_ = false;
  std::unique_ptr<Publisher> publisher_;
};

Session::Session(std::shared_ptr<Shared> shared, const SessionOptions& options, Backend::Tell tell)
    : shared_(std::move(shared)),
      browsed_(options.type, options.interface_index),
      tell_(std::move(tell)),
      publisher_(std::make_unique<Publisher>(shared_->connection, options,
                                             [this](SessionEvent event) { Tell(std::move(event)); })) {
  shared_->sessions++;
}

void Session::Start() {
  shared_->connection.Observe(this,
                              {[this] { publisher_->Publish(); }, [this](const Failed& failed) { Tell(failed); }});
  publisher_->Publish();
  if (failed_) return;
  std::unique_ptr<Browser>& browser = shared_->browsers[browsed_];
  if (browser == nullptr) {
    auto created = std::make_unique<Browser>(shared_->connection, shared_->resolver, browsed_.first, browsed_.second);
    if (const auto failed = created->Start()) return Tell(*failed);
    browser = std::move(created);
  }
  browser->Subscribe(this, [this](SessionEvent event) { Tell(std::move(event)); });
}

Session::~Session() {
  shared_->connection.Forget(this);
  // First, and where it is the last session too, so that the daemon has said goodbye when this returns.
  publisher_.reset();
  if (--shared_->sessions == 0) shared_->connection.Close();
  const auto browser = shared_->browsers.find(browsed_);
  if (browser == shared_->browsers.end()) return;
  if (browser->second != nullptr) browser->second->Unsubscribe(this);
  if (browser->second == nullptr || browser->second->unused()) shared_->browsers.erase(browser);
}

void Session::Tell(SessionEvent event) {
  if (failed_) return;
  failed_ = std::holds_alternative<Failed>(event);
  tell_(std::move(event));
}

/** A session that could not be opened. */
class NoSession : public BackendSession {};

class AvahiBackend : public Backend {
 public:
  explicit AvahiBackend(Loop& loop) : loop_(loop) {}

  std::unique_ptr<BackendSession> Open(const SessionOptions& options, Tell tell) override;

 private:
  Loop& loop_;
  std::unique_ptr<Api> api_;  // null until the libraries are there
  std::weak_ptr<Shared> shared_;
};

std::unique_ptr<BackendSession> AvahiBackend::Open(const SessionOptions& options, Tell tell) {
  if (api_ == nullptr) {
    auto api = std::make_unique<Api>();
    if (!*api) {
      tell(Failed{Failure::kLibrary, api->error()});
      return std::make_unique<NoSession>();
    }
    api_ = std::move(api);
  }
  std::shared_ptr<Shared> shared = shared_.lock();
  if (shared == nullptr || !shared->connection.usable()) {
    shared = std::make_shared<Shared>(loop_, *api_);
    if (const auto failed = shared->connection.Open()) {
      tell(*failed);
      return std::make_unique<NoSession>();
    }
    shared_ = shared;
  }
  auto session = std::make_unique<Session>(std::move(shared), options, std::move(tell));
  session->Start();
  return session;
}

}  // namespace

}  // namespace tcpnet::avahi

namespace tcpnet {

std::unique_ptr<Backend> MakeAvahiBackend(Loop& loop) {
  return std::make_unique<avahi::AvahiBackend>(loop);
}

// filled in by bonjour.cc
std::unique_ptr<Backend> MakeBonjourBackend(Loop&) {
  return nullptr;
}

}  // namespace tcpnet
