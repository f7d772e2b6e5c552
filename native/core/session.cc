#include "core/session.h"

#include <utility>

namespace tcpnet {

Session::Session(std::shared_ptr<Connection> connection, const SessionOptions& options, Tell tell)
    : connection_(std::move(connection)), options_(options), tell_(std::move(tell)), directory_(options.type) {}

void Session::Start() {
  const auto failed = [this](const Failed& why) { TellOnce(why); };
  const auto announced = [this] {
    TellOnce(Announced{});
    if (options_.probe) Browse();
  };
  connection_->Join(this, failed);
  announcement_ = connection_->backend().Announce(options_, {announced, failed});
  if (!options_.permission->Take()) return;
  TellOnce(Answered{});
  // While a name is probed for, this host must not ask for it: Avahi takes such a question's known answers (RFC 6762
  // section 7.1) for a reason not to defend the name against the probes that follow it.
  if (!options_.probe) Browse();
}

void Session::Browse() {
  if (failed_) return;
  browse_ = connection_->backend().Browse(options_.type, options_.interface_index,
                                          {[this](const Place& place, const std::string& domain, Origin origin) {
                                             const std::string uuid = directory_.Add(place, domain, origin);
                                             if (!uuid.empty()) TellOnce(Seen{uuid});
                                           },
                                           [this](const Place& place) {
                                             const std::string uuid = directory_.Remove(place);
                                             if (!uuid.empty()) TellOnce(Gone{uuid});
                                           },
                                           [this](const Failed& why) { TellOnce(why); }});
}

void Session::Close() {
  // First, and while there is a connection, so that the daemon has said goodbye when this returns.
  if (announcement_ != nullptr) announcement_->Close();
  connection_->Leave(this);
  if (browse_ != nullptr) browse_->Close();
}

void Session::TellOnce(SessionEvent event) {
  if (failed_) return;
  failed_ = std::holds_alternative<Failed>(event);
  tell_(std::move(event));
}

}  // namespace tcpnet
