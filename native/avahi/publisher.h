#ifndef TCPNET_AVAHI_PUBLISHER_H_
#define TCPNET_AVAHI_PUBLISHER_H_

#include <functional>
#include <string>

#include "avahi/daemon.h"
#include "core/backend.h"

namespace tcpnet::avahi {

/**
 * Announces one instance, as soon as the daemon has a host name, and again whenever that name changes: the SRV record
 * has it.
 */
class Publisher : public Activity {
 public:
  Publisher(Daemon& daemon, const SessionOptions& options, std::function<void()> announced,
            std::function<void(const Failed&)> failed);
  ~Publisher() override { daemon_.Forget(this); }

  /** Publishes, if the daemon is running and what is published is not current already. */
  void Publish();

 private:
  static EntryGroupCallback OnState;

  int AddService(const std::string& domain);
  int AddRecords(const std::string& domain, const std::string& host);
  void Fail(int error) { failed_(daemon_.FailedBy(error)); }

  Daemon& daemon_;
  const SessionOptions options_;
  const int interface_index_;
  std::function<void()> announced_;  // null once called
  const std::function<void(const Failed&)> failed_;
  Owned<EntryGroup> group_;
  std::string published_host_;  // empty: nothing is published
};

}  // namespace tcpnet::avahi

#endif  // TCPNET_AVAHI_PUBLISHER_H_
