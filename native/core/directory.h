#ifndef TCPNET_CORE_DIRECTORY_H_
#define TCPNET_CORE_DIRECTORY_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/backend.h"

namespace tcpnet {

/**
 * The names that are announced of one service type, on one interface or all; shared by all sessions of a connection
 * that browse the same. A session that subscribes later is told at once what is known already.
 */
class Directory {
 public:
  explicit Directory(std::string type) : type_(std::move(type)) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  void Start(Backend& backend, uint32_t interface_index);

  /** `tell` gets Seen, Gone and perhaps Failed, until Unsubscribe(); some of it from within this call. */
  void Subscribe(const void* session, const Tell& tell);
  void Unsubscribe(const void* session) { subscribers_.erase(session); }
  bool unused() const { return subscribers_.empty(); }

  /** Where an instance was seen; empty where it was not. */
  std::vector<Target> TargetsOf(const std::string& uuid) const;

 private:
  /** A place where a name was seen. */
  struct Sighting {
    size_t count;  // how often it appeared there
    std::string domain;
    Origin origin;
  };

  void Appeared(const Place& place, const std::string& domain, Origin origin);
  void Vanished(const Place& place);
  void TellAll(const SessionEvent& event);

  const std::string type_;
  std::optional<Failed> failed_;
  std::map<const void*, Tell> subscribers_;
  std::unique_ptr<Activity> browse_;
  std::map<std::string, std::map<Place, Sighting>> instances_;  // by uuid
};

}  // namespace tcpnet

#endif  // TCPNET_CORE_DIRECTORY_H_
