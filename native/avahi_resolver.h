#ifndef TCPNET_AVAHI_RESOLVER_H_
#define TCPNET_AVAHI_RESOLVER_H_

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "avahi_connection.h"
#include "avahi_host.h"

namespace tcpnet::avahi {

class Resolver;

/** What is asked for: an instance of a type at a place. */
struct Target {
  Place place;
  std::string type;
  std::string domain;
};

/**
 * One instance that is being followed: resolved as soon as there is room, and told again whenever its data change.
 * Destroying it ends that.
 */
class Instance {
 public:
  /** Null: it has no address any more. */
  using Tell = std::function<void(const InstanceData*)>;

  Instance(Resolver& resolver, Target target, Tell tell);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /** What was told last, or null. */
  const InstanceData* told() const { return told_.get(); }

 private:
  friend class Resolver;

  /** Where an instance is in the resolver's care; each state is a list there, oldest first. */
  enum class State {
    kWaiting,     // new
    kResolving,   // has a resolver of the daemon's
    kResolved,    // has one, and data
    kUnanswered,  // has one, which gave up for now
    kParked,      // has none: was resolved, made room
    kRetrying,    // has none: was unanswered, made room
  };

  static ServiceResolverCallback OnResolved;

  bool Start();
  void Stop();
  void Resolved(const std::string& host, uint16_t port, const StringList* txt);
  void Update();

  Resolver& resolver_;
  const Target target_;
  const Tell tell_;
  State state_;
  std::list<Instance*>::iterator position_;  // in the list of its state
  Owned<ServiceResolver> service_;
  std::shared_ptr<Host> host_;
  InstanceData data_;
  std::unique_ptr<InstanceData> told_;
};

/**
 * Resolves instances within the number of objects that the daemon allows a client (objects-per-client-max, 1024 by
 * default), whatever a stranger announces. While there is room, every instance keeps its resolver, so that a change of
 * its records is told. Beyond that, the ones that nobody answered for and then those that were resolved longest ago
 * make room for new ones; the latter stay known as they were, the former are tried again once there is room.
 */
class Resolver {
 public:
  explicit Resolver(Connection& connection);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

 private:
  friend class Instance;
  using State = Instance::State;

  void Add(Instance& instance);
  void Remove(Instance& instance);
  void Move(Instance& instance, State state);

  /** Starts those that wait, as far as there is room. */
  void Run();
  bool Evict(State from, State to);
  void Start(Instance& instance);
  void Refused(int error);
  bool HasRoom();
  size_t Objects();

  std::shared_ptr<Host> HostOf(const Host::Key& key);

  Connection& connection_;
  Loop::Timer* const later_;  // runs Run() outside of a callback of the library's
  size_t limit_;              // of objects of the daemon
  std::map<State, std::list<Instance*>> lists_;
  std::map<Host::Key, Host*> hosts_;  // owned by the instances on them
};

}  // namespace tcpnet::avahi

#endif  // TCPNET_AVAHI_RESOLVER_H_
