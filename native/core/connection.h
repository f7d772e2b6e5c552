#ifndef TCPNET_CORE_CONNECTION_H_
#define TCPNET_CORE_CONNECTION_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "core/backend.h"
#include "core/directory.h"
#include "core/events.h"
#include "core/locator.h"

namespace tcpnet {

/** A connection to the daemon, and what its sessions share. It lives as long as the last of them. Discovery thread. */
class Connection {
 public:
  Connection(Loop& loop, std::unique_ptr<Backend> backend);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /** Says why where there is no connection. */
  std::optional<Failed> Connect();

  /** Whether sessions may be opened on it. */
  bool usable() const { return !broken_; }

 private:
  friend class Session;
  using DirectoryKey = std::pair<std::string, uint32_t>;  // type, interface

  const std::unique_ptr<Backend> backend_;
  Locator locator_;
  bool broken_ = false;
  std::map<DirectoryKey, std::unique_ptr<Directory>> directories_;
  std::map<const void*, Tell> sessions_;
};

/** One announcement and one browse. Destroying it withdraws the one and stops the other, before it returns. */
class Session {
 public:
  /** Starts it. It cannot fail: a failure is told, at the earliest from within Start(). Nothing is told after it. */
  Session(std::shared_ptr<Connection> connection, const SessionOptions& options, Tell tell);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Start();

  /** Asks where an instance is. `done` is called at most once, from the loop; at once where the instance was not seen.
   */
  void BeginLocate(uint64_t id, const std::string& uuid, std::function<void(const Location*)> done);
  void CancelLocate(uint64_t id);

 private:
  void Browse();
  void TellOnce(SessionEvent event);

  const std::shared_ptr<Connection> connection_;
  const SessionOptions options_;
  const Connection::DirectoryKey directory_;
  const Tell tell_;
  bool failed_ = false;
  std::set<uint64_t> locates_;  // that were begun and not cancelled
  std::unique_ptr<Activity> announcement_;
};

}  // namespace tcpnet

#endif  // TCPNET_CORE_CONNECTION_H_
