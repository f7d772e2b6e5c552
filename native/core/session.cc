#include "core/session.h"

#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "system/interfaces.h"
#include "system/responder.h"

namespace tcpnet {

namespace {

/** The loopback interface has this index in every network namespace of Linux. */
constexpr uint32_t kLoopbackIndex = 1;
/** How long the daemon has to tell its host's addresses, which it knows. */
constexpr std::chrono::milliseconds kHostTimeout{2000};

/** Whether a daemon's host name is this machine's, or that with a number that the daemon has added after a conflict. */
bool IsThisMachine(const std::string& name) {
  char text[256] = "";
  if (gethostname(text, sizeof text - 1) != 0) return false;
  const std::string own = std::string(text).substr(0, std::string(text).find('.'));
  if (own.empty() || strncasecmp(name.c_str(), own.c_str(), own.size()) != 0) return false;
  size_t at = own.size();
  if (name[at] == '-') at = name.find_first_not_of("0123456789", at + 1);
  return at == std::string::npos || at == name.size() || name[at] == '.';
}

/** Whether an address is one of this machine's, and not loopback. */
bool IsOurs(const Address& address) {
  const auto interfaces = ReadInterfaces();
  return std::any_of(interfaces.begin(), interfaces.end(), [&address](const InterfaceAddress& entry) {
    return !entry.loopback && entry.address == address.text;
  });
}

}  // namespace

Session::Session(Loop& loop, std::shared_ptr<Connection> connection, const SessionOptions& options, OnEvent on_event)
    : loop_(loop),
      connection_(std::move(connection)),
      options_(options),
      on_event_(std::move(on_event)),
      directory_(options.type) {}

void Session::Start() {
  const auto failed = [this](const Failed& why) { Emit(why); };
  const bool may_be_elsewhere = options_.own_host.has_value();
  const auto announced = [this, may_be_elsewhere] {
    Emit(Announced{});
    if (options_.probe) Browse();
    // Not before: nothing is to wait for it.
    if (may_be_elsewhere && !options_.own_host) AskForHost();
  };
  if (IsElsewhere()) {
    Emit(Elsewhere{});
  } else {
    options_.own_host.reset();
  }
  connection_->Join(this, failed);
  announcement_ = connection_->backend().Announce(options_, {announced, failed});
  if (!options_.permission->Take()) return;
  Emit(Answered{});
  // While a name is being probed, this host must not browse: Avahi does not defend a name against probes that follow a
  // question with that name among its known answers (RFC 6762 section 7.1).
  if (!options_.probe) Browse();
}

/**
 * Whether the daemon runs in another network namespace. To be asked once it has replied: one that is just being started
 * opens its sockets before that.
 */
bool Session::IsElsewhere() const {
  if (!options_.own_host || !connection_->backend().has_own_hosts()) return false;
  return options_.own_host->is_needed || HasNoResponder();
}

/**
 * Asks the daemon for its host's addresses, unless it has this machine's name: where another program of this network
 * namespace has the port of multicast DNS, nothing else shows that the daemon is elsewhere.
 */
void Session::AskForHost() {
  const std::string name = connection_->backend().host_name();
  if (failed_ || name.empty() || IsThisMachine(name)) return;
  const auto done = [this](const HostAddresses& answer) {
    const auto query = std::exchange(host_query_, nullptr);  // of which this function is a part
    query->Close();
    if (!answer.addresses.empty()) Emit(DaemonHost{answer.addresses});
  };
  // An address of ours ends it before the daemon asks the network for others.
  host_query_ = std::make_unique<AddressQuery>(loop_, connection_, done, IsOurs);
  host_query_->Start(name, 0, kHostTimeout);
}

void Session::Browse() {
  if (failed_) return;
  const bool is_elsewhere = options_.own_host.has_value();
  const auto counts = [is_elsewhere](const Place& place) {
    return !is_elsewhere || place.interface_index != kLoopbackIndex;
  };
  browse_ =
      connection_->backend().Browse(options_.type, is_elsewhere ? 0 : options_.interface_index,
                                    {[this, counts](const Place& place, const std::string& domain, Origin origin) {
                                       if (!counts(place)) return;
                                       const std::string uuid = directory_.Add(place, domain, origin);
                                       if (!uuid.empty()) Emit(Seen{uuid});
                                     },
                                     [this, counts](const Place& place) {
                                       if (!counts(place)) return;
                                       const std::string uuid = directory_.Remove(place);
                                       if (!uuid.empty()) Emit(Gone{uuid});
                                     },
                                     [this](const Failed& why) { Emit(why); }});
}

void Session::SetAddresses(const std::vector<Address>& addresses) {
  if (!failed_ && announcement_ != nullptr) announcement_->SetAddresses(addresses);
}

void Session::Close() {
  if (host_query_ != nullptr) host_query_->Close();
  // First, and while there is a connection, so that the daemon has said goodbye when this returns.
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
