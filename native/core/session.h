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
  Session(std::shared_ptr<Connection> connection, const SessionOptions& options, OnEvent on_event);
  Session(const Session&) = delete;

  /** Starts the session. A failure is emitted as an event, at the earliest from within Start(); no event follows it. */
  void Start();

  /** The places at which an instance was seen; empty if there are none. */
  std::vector<Target> TargetsOf(const std::string& uuid) const { return directory_.TargetsOf(uuid); }
  const std::shared_ptr<Connection>& connection() const { return connection_; }

  /** Withdraws the announcement and stops browsing before it returns. Idempotent; called before destruction. */
  void Close();

 private:
  void Browse();
  void Emit(SessionEvent event);

  const std::shared_ptr<Connection> connection_;
  const SessionOptions options_;
  const OnEvent on_event_;
  bool failed_ = false;
  Directory directory_;
  std::unique_ptr<Activity> announcement_;
  std::unique_ptr<Activity> browse_;
};

}  // namespace tcpnet
