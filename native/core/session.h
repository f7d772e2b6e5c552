#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/connection.h"
#include "core/directory.h"

namespace tcpnet {

/** One announcement and one browse. Discovery thread. */
class Session {
 public:
  Session(std::shared_ptr<Connection> connection, const SessionOptions& options, Tell tell);
  Session(const Session&) = delete;

  /** Starts it. It cannot fail: a failure is told, at the earliest from within Start(). Nothing is told after it. */
  void Start();

  /** Where an instance was seen; empty where it was not. */
  std::vector<Target> TargetsOf(const std::string& uuid) const { return directory_.TargetsOf(uuid); }
  const std::shared_ptr<Connection>& connection() const { return connection_; }

  /** Withdraws the announcement and stops browsing before it returns. Idempotent; called before this is destroyed. */
  void Close();

 private:
  void Browse();
  void TellOnce(SessionEvent event);

  const std::shared_ptr<Connection> connection_;
  const SessionOptions options_;
  const Tell tell_;
  bool failed_ = false;
  Directory directory_;
  std::unique_ptr<Activity> announcement_;
  std::unique_ptr<Activity> browse_;
};

}  // namespace tcpnet
