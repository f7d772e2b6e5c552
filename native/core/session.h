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
  Session(Loop& loop, std::shared_ptr<Connection> connection, const SessionOptions& options, Tell tell);
  Session(const Session&) = delete;

  /** Starts it. It cannot fail: a failure is told, at the earliest from within Start(). Nothing is told after it. */
  void Start();

  /** Where an instance was seen; empty where it was not. */
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
  void TellOnce(SessionEvent event);

  Loop& loop_;
  const std::shared_ptr<Connection> connection_;
  SessionOptions options_;  // with an own host only where that is used, once started
  const Tell tell_;
  bool failed_ = false;
  Directory directory_;
  std::unique_ptr<Publication> announcement_;
  std::unique_ptr<Activity> browse_;
  std::unique_ptr<AddressQuery> host_query_;
};

}  // namespace tcpnet
