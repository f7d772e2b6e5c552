#ifndef TCPNET_RESOLVER_H_
#define TCPNET_RESOLVER_H_

#include <functional>
#include <list>
#include <map>
#include <memory>

#include "backend.h"
#include "host.h"

namespace tcpnet {

class Resolver;

/**
 * One instance that is being followed: resolved as soon as there is room, and told again whenever its data change.
 * Destroying it ends that.
 */
class Instance {
 public:
  /** Null: it has no address any more. */
  using Changed = std::function<void(const InstanceData*)>;

  Instance(Resolver& resolver, Target target, Changed changed);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /** What was told last, or null. */
  const InstanceData* told() const { return told_.get(); }

 private:
  friend class Resolver;

  /** Where an instance is in the resolver's care; each state is a list there, in the order of its turns. */
  enum class State {
    kWaiting,     // new
    kResolving,   // is being looked up
    kResolved,    // is looked up still, was told
    kUnanswered,  // is looked up still, in vain so far
    kParked,      // was resolved, and made room
    kRetrying,    // was unanswered, and made room
    kRefused,     // the daemon does not look it up, and not for want of room
  };

  void Found(const ServiceData& service);
  void Update();

  Resolver& resolver_;
  const Target target_;
  const Changed changed_;
  State state_ = State::kWaiting;
  State from_ = State::kWaiting;             // before it became kResolving
  std::list<Instance*>::iterator position_;  // in the list of its state
  Loop::Clock::time_point started_;          // when it became kResolving
  std::unique_ptr<Activity> lookup_;
  std::shared_ptr<Host> host_;
  InstanceData data_;
  std::unique_ptr<InstanceData> told_;
};

/**
 * Resolves instances within the limits of the daemon, whatever a stranger announces. While there is room, every
 * instance stays looked up, so that a change of its records is told. Beyond that, the ones that nobody answers for and
 * then those that were resolved longest ago make room for new ones; the latter stay known as they were. Both are looked
 * up again once there is room, the former first.
 */
class Resolver {
 public:
  Resolver(Loop& loop, Backend& backend);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

 private:
  friend class Instance;
  using State = Instance::State;

  void Add(Instance& instance);
  void Remove(Instance& instance);
  void Move(Instance& instance, State state);

  void Run();
  void ExpireOld();
  void PutBackSoon(Instance& instance);
  void PutBack();
  std::chrono::milliseconds UntilEviction() const;
  bool Evict(State from, State to);
  void Start(Instance& instance);
  void Full(size_t refused);
  std::shared_ptr<Host> HostOf(const HostKey& key, bool& full);
  size_t Objects();
  bool HasRoom();

  Loop& loop_;
  Backend& backend_;
  Loop::Timer* const soon_;      // runs Run() outside of the back-end's callbacks
  Loop::Timer* const deadline_;  // of the oldest that is being resolved
  Loop::Timer* const recovery_;  // of the limits, after the daemon refused more
  Backend::Limits limits_;
  bool newest_is_next_ = false;        // of those that wait
  Loop::Clock::time_point evicted_{};  // when the last one made room
  std::map<State, std::list<Instance*>> lists_;
  std::list<Instance*> to_put_back_;
  std::map<HostKey, Host*> hosts_;  // owned by the instances on them
};

}  // namespace tcpnet

#endif  // TCPNET_RESOLVER_H_
