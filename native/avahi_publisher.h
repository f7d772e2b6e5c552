#ifndef TCPNET_AVAHI_PUBLISHER_H_
#define TCPNET_AVAHI_PUBLISHER_H_

#include <optional>
#include <string>

#include "avahi_connection.h"
#include "backend.h"

namespace tcpnet::avahi {

/**
 * Announces one instance, as soon as the daemon has a host name, and again whenever that name changes: the SRV record
 * has it.
 */
class Publisher {
 public:
  /** `tell` gets Announced, perhaps Failed. */
  Publisher(Connection& connection, const SessionOptions& options, Backend::Tell tell);
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /** Publishes, if the daemon is running and what is published is not current already. */
  void Publish();

 private:
  static EntryGroupCallback OnState;

  int Fill(const std::string& domain, const std::string& host);
  int AddService(const std::string& domain);
  int AddRecords(const std::string& domain, const std::string& host);
  void Fail(int error);

  Connection& connection_;
  const SessionOptions options_;
  const Backend::Tell tell_;
  Owned<EntryGroup> group_;
  std::string published_host_;  // empty: nothing is published
  bool announced_ = false;
};

}  // namespace tcpnet::avahi

#endif  // TCPNET_AVAHI_PUBLISHER_H_
