#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "avahi/api.h"
#include "avahi/poll.h"
#include "core/backend.h"

namespace tcpnet::avahi {

/**
 * The back-end over libavahi-client: one client of avahi-daemon, over one connection to D-Bus. Discovery thread. Each
 * kind of activity has its own file.
 */
class Backend final : public tcpnet::Backend {
 public:
  explicit Backend(Loop& loop) : loop_(loop), poll_(MakePoll(loop)) {}

  std::optional<Failed> Connect(Fail broken) override;
  /** Ends the client: the daemon drops all of its objects, and the library frees them. */
  void Close() override;
  size_t max_questions() const override;
  bool has_own_hosts() const override { return true; }
  std::string host_name() const override;
  std::unique_ptr<Publication> Announce(const SessionOptions& options, AnnounceListener listener) override;
  std::unique_ptr<Activity> Browse(const std::string& type, uint32_t interface_index, BrowseListener listener) override;
  std::unique_ptr<Activity> LookUpService(const Target& target, ServiceFound found) override;
  std::unique_ptr<Activity> LookUpHost(const std::string& host, const Place& place, AddressFound found) override;

  // What follows is for the activities.

  /** `running` is called whenever the daemon's own host name is established, until Forget(). */
  void Observe(const void* who, std::function<void()> running) { observers_[who] = std::move(running); }
  void Forget(const void* who) { observers_.erase(who); }

  /** The client, for the library's functions; null once closed. */
  Client* client() const { return client_; }
  const Api& api() const { return api_; }
  /** Whether the library's functions may be called with the client. */
  bool usable() const { return client_ != nullptr && !is_broken_; }
  /** Whether the daemon has established its host name. */
  bool running() const { return usable() && api_.client_get_state(client_) == kClientRunning; }
  /** The last error of the client. */
  int error() const { return api_.client_errno(client_); }

  /** `error` as an event; if it means that the daemon is gone, the connection is marked as broken. */
  Failed FailedBy(int error);

 private:
  static ClientCallback OnState;

  void Break(const Failed& failed);
  /** The lookup, or null if the daemon has not begun it; then the connection may be broken. */
  std::unique_ptr<Activity> IfBegun(std::unique_ptr<Activity> lookup, bool begun);

  Loop& loop_;
  const Api api_;
  const Poll poll_;               // used by the client
  Client* client_ = nullptr;      // owned; calls OnState with this
  Loop::Timer* close_ = nullptr;  // closes a client that broke
  bool is_broken_ = false;
  Fail broken_;
  std::map<const void*, std::function<void()>> observers_;
};

std::unique_ptr<tcpnet::Backend> MakeBackend(Loop& loop);

}  // namespace tcpnet::avahi
