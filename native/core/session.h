#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/address_query.h"
#include "core/connection.h"
#include "core/directory.h"

namespace tcpnet {

/** One announcement and one browse. Discovery thread. */
class Session {
 public:
  Session(Loop& loop, std::shared_ptr<Connection> connection, const SessionOptions& options, OnEvent on_event);
  Session(const Session&) = delete;

  /** Starts the session. A failure is emitted as an event, at the earliest from within Start(); no event follows it. */
  void Start();

  /** The places at which an instance was seen; empty if there are none. */
  std::vector<Target> TargetsOf(const std::string& uuid) const { return directory_.TargetsOf(uuid); }
  const std::shared_ptr<Connection>& connection() const { return connection_; }

  /** The addresses of the instance's own host name are these from now on. */
  void SetAddresses(const std::vector<Address>& addresses);

  /** Withdraws the announcement and stops browsing before it returns. Idempotent; called before this is destroyed. */
  void Close();

 private:
  bool IsElsewhere() const;
  void AskForHost();
  void Browse();
  void Emit(SessionEvent event);

  Loop& loop_;
  const std::shared_ptr<Connection> connection_;
  SessionOptions options_;  // with an own host only where that is used, once started
  const OnEvent on_event_;
  bool failed_ = false;
  Directory directory_;
  std::unique_ptr<Publication> announcement_;
  std::unique_ptr<Activity> browse_;
  std::unique_ptr<AddressQuery> host_query_;
};

}  // namespace tcpnet
