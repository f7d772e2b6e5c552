#include "core/session.h"

#include <utility>

namespace tcpnet {

Session::Session(std::shared_ptr<Connection> connection, const SessionOptions& options, OnEvent on_event)
    : connection_(std::move(connection)), options_(options), on_event_(std::move(on_event)), directory_(options.type) {}

void Session::Start() {
  const auto failed = [this](const Failed& why) { Emit(why); };
  const auto announced = [this] {
    Emit(Announced{});
    if (options_.probe) Browse();
  };
  connection_->Join(this, failed);
  announcement_ = connection_->backend().Announce(options_, {announced, failed});
  if (!options_.permission->Take()) return;
  Emit(Answered{});
  // While a name is being probed, this host must not browse: Avahi does not defend a name against probes that follow a
  // question with that name among its known answers (RFC 6762 section 7.1).
  if (!options_.probe) Browse();
}

void Session::Browse() {
  if (failed_) return;
  browse_ = connection_->backend().Browse(options_.type, options_.interface_index,
                                          {[this](const Place& place, const std::string& domain, Origin origin) {
                                             const std::string uuid = directory_.Add(place, domain, origin);
                                             if (!uuid.empty()) Emit(Seen{uuid});
                                           },
                                           [this](const Place& place) {
                                             const std::string uuid = directory_.Remove(place);
                                             if (!uuid.empty()) Emit(Gone{uuid});
                                           },
                                           [this](const Failed& why) { Emit(why); }});
}

void Session::Close() {
  // First, while there is a connection, so that the daemon has sent the goodbye when this returns.
  if (announcement_ != nullptr) announcement_->Close();
  connection_->Leave(this);
  if (browse_ != nullptr) browse_->Close();
}

void Session::Emit(SessionEvent event) {
  if (failed_) return;
  failed_ = std::holds_alternative<Failed>(event);
  on_event_(std::move(event));
}

}  // namespace tcpnet
