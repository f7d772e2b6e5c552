#pragma once

#include <map>
#include <memory>
#include <optional>

#include "core/backend.h"
#include "core/locator.h"

namespace tcpnet {

/**
 * A connection to the daemon, shared by sessions and questions, and freed when the last of them ends. Discovery thread.
 */
class Connection {
 public:
  Connection(Loop& loop, std::unique_ptr<Backend> backend) : backend_(std::move(backend)), locator_(loop, *backend_) {}
  Connection(const Connection&) = delete;

  /** Connects. Returns the failure, if there is one. */
  std::optional<Failed> Connect();

  /** Whether sessions may join. */
  bool usable() const { return usable_; }
  Backend& backend() { return *backend_; }
  Locator& locator() { return locator_; }

  /** Adds a session: `broken` is called when the connection breaks, until Leave(). */
  void Join(const void* session, Fail broken) { sessions_[session] = std::move(broken); }

  /** Removes a session. Closes the back-end after the last one, or at once if the connection is broken. */
  void Leave(const void* session);

 private:
  const std::unique_ptr<Backend> backend_;
  Locator locator_;
  bool usable_ = true;
  std::map<const void*, Fail> sessions_;
};

}  // namespace tcpnet
