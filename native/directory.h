#ifndef TCPNET_DIRECTORY_H_
#define TCPNET_DIRECTORY_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "backend.h"
#include "resolver.h"

namespace tcpnet {

/**
 * The instances of one service type, on one interface or all; shared by all sessions of a connection that look for the
 * same. Who comes later is told at once what is known already.
 */
class Directory {
 public:
  Directory(Resolver& resolver, std::string type) : resolver_(resolver), type_(std::move(type)) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  void Start(Backend& backend, uint32_t interface_index);

  /** `tell` gets Found, Lost and perhaps Failed, until Unsubscribe(); some of it from within this call. */
  void Subscribe(const void* who, const Tell& tell);
  void Unsubscribe(const void* who) { subscribers_.erase(who); }
  bool unused() const { return subscribers_.empty(); }

 private:
  struct Entry {
    size_t count;  // how often it appeared
    Origin origin;
    std::unique_ptr<Instance> instance;
  };

  void Appeared(const Place& place, const std::string& domain, Origin origin);
  void Vanished(const Place& place);
  void TellAll(const SessionEvent& event);

  Resolver& resolver_;
  const std::string type_;
  std::optional<Failed> failed_;
  std::map<const void*, Tell> subscribers_;
  std::unique_ptr<Activity> browse_;
  std::map<Place, Entry> entries_;
};

}  // namespace tcpnet

#endif  // TCPNET_DIRECTORY_H_
