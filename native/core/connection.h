#pragma once

#include <map>
#include <memory>
#include <optional>

#include "core/backend.h"
#include "core/locator.h"

namespace tcpnet {

/** A connection to the daemon, and what is shared over it; it lives as long as something needs it. Discovery thread. */
class Connection {
 public:
  Connection(Loop& loop, std::unique_ptr<Backend> backend) : backend_(std::move(backend)), locator_(loop, *backend_) {}
  Connection(const Connection&) = delete;

  /** Says why where there is no connection. */
  std::optional<Failed> Connect();

  /** Whether sessions may join. */
  bool usable() const { return usable_; }
  Backend& backend() { return *backend_; }
  Locator& locator() { return locator_; }

  /** A session begins: `broken` is called when the connection breaks, until Leave(). */
  void Join(const void* session, Fail broken) { sessions_[session] = std::move(broken); }

  /** A session ends. The last one closes the back-end, and so does each where it is broken: it is not usable then. */
  void Leave(const void* session);

 private:
  const std::unique_ptr<Backend> backend_;
  Locator locator_;
  bool usable_ = true;
  std::map<const void*, Fail> sessions_;
};

}  // namespace tcpnet
