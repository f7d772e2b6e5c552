#include "resolver.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tcpnet {

namespace {

/** How long an instance that nobody answers for keeps its place from one that waits. */
constexpr std::chrono::seconds kPatience{3};

/** How long no more is asked of a daemon than it granted. Others may have what it refused us, and give it back. */
constexpr std::chrono::seconds kRecovery{10};

/** How long after one instance made room for another the next may: each costs everybody on the network questions. */
constexpr std::chrono::milliseconds kEvictionInterval{50};

constexpr std::chrono::milliseconds kSoon{0};

}  // namespace

Instance::Instance(Resolver& resolver, Target target, Changed changed)
    : resolver_(resolver), target_(std::move(target)), changed_(std::move(changed)) {
  resolver_.Add(*this);
}

Instance::~Instance() {
  if (host_ != nullptr) host_->Forget(this);
  resolver_.Remove(*this);
}

void Instance::Found(const ServiceData& service) {
  data_ = {service.host, service.port, service.txt, {}};
  const Place& place = target_.place;
  const HostKey key{service.host, place.interface_index, place.family};
  if (host_ == nullptr || host_->key() < key || key < host_->key()) {
    if (host_ != nullptr) host_->Forget(this);
    bool full = false;
    host_ = resolver_.HostOf(key, full);
    if (full) resolver_.PutBackSoon(*this);
    if (host_ == nullptr) return;  // put back, or unanswered
    host_->Observe(this, [this] { Update(); });
  }
  Update();
}

/** Tells what is known now, if that is something new. */
void Instance::Update() {
  data_.addresses = host_->addresses();
  if (data_.addresses.empty()) {
    // The addresses of a new host are not known yet; those of the old one are as good as any until then.
    if (told_ == nullptr || !host_->has_answered()) return;
    told_.reset();
    resolver_.Move(*this, State::kUnanswered);
    return changed_(nullptr);
  }
  resolver_.Move(*this, State::kResolved);
  if (told_ != nullptr && *told_ == data_) return;
  told_ = std::make_unique<InstanceData>(data_);
  changed_(told_.get());
}

Resolver::Resolver(Loop& loop, Backend& backend)
    : loop_(loop),
      backend_(backend),
      soon_(loop.AddTimer([this] { Run(); })),
      deadline_(loop.AddTimer([this] { ExpireOld(); })),
      recovery_(loop.AddTimer([this] {
        limits_ = backend_.limits();
        Run();
      })),
      limits_(backend.limits()) {}

Resolver::~Resolver() {
  loop_.Remove(soon_);
  loop_.Remove(deadline_);
  loop_.Remove(recovery_);
}

void Resolver::Add(Instance& instance) {
  // The newest first: who is announced after a flood does not wait until all of that is done.
  auto& waiting = lists_[State::kWaiting];
  instance.position_ = waiting.insert(waiting.begin(), &instance);
  Run();
}

void Resolver::Remove(Instance& instance) {
  to_put_back_.remove(&instance);
  lists_[instance.state_].erase(instance.position_);
  Loop::Arm(soon_, kSoon);
}

void Resolver::Move(Instance& instance, State state) {
  if (instance.state_ == state) return;
  // The host that was kept free for it may not be needed.
  const bool is_done = instance.state_ == State::kResolving;
  auto& list = lists_[state];
  list.splice(list.end(), lists_[instance.state_], instance.position_);
  instance.state_ = state;
  if (state == State::kResolved) instance.from_ = State::kWaiting;
  const bool others_wait = !lists_[State::kRetrying].empty() || !lists_[State::kParked].empty();
  if (!lists_[State::kWaiting].empty() || (is_done && others_wait)) Loop::Arm(soon_, kSoon);
}

/** Starts those that wait, as far as there is room. Not from within a callback of a lookup: it may end that one. */
void Resolver::Run() {
  PutBack();
  auto& waiting = lists_[State::kWaiting];
  while (!waiting.empty()) {
    if (HasRoom()) {
      // In turn the newest, which is heard of soon however many wait, and the one that waits longest.
      newest_is_next_ = !newest_is_next_;
      Start(newest_is_next_ ? *waiting.back() : *waiting.front());
    } else if (const auto wait = UntilEviction(); wait.count() > 0) {
      return Loop::Arm(soon_, wait);
    } else if (!Evict(State::kUnanswered, State::kRetrying) && !Evict(State::kResolved, State::kParked)) {
      return;
    }
  }
  for (const State state : {State::kRetrying, State::kParked}) {
    auto& list = lists_[state];
    while (!list.empty() && HasRoom()) Start(*list.front());
  }
}

/** Declares unanswered what has been waited for long enough. */
void Resolver::ExpireOld() {
  auto& resolving = lists_[State::kResolving];
  const auto now = Loop::Clock::now();
  while (!resolving.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(resolving.front()->started_ + kPatience - now);
    if (left.count() > 0) return Loop::Arm(deadline_, left);
    Move(*resolving.front(), State::kUnanswered);
  }
}

/** Has an instance be where it was whose host the daemon refused to look up. Its own lookup may be under way. */
void Resolver::PutBackSoon(Instance& instance) {
  to_put_back_.push_back(&instance);
  Loop::Arm(soon_, kSoon);
}

void Resolver::PutBack() {
  for (Instance* instance : std::exchange(to_put_back_, {})) {
    if (instance->lookup_ == nullptr || instance->host_ != nullptr) continue;
    instance->lookup_.reset();
    Move(*instance, instance->from_);
  }
}

std::chrono::milliseconds Resolver::UntilEviction() const {
  return std::chrono::ceil<std::chrono::milliseconds>(evicted_ + kEvictionInterval - Loop::Clock::now());
}

bool Resolver::Evict(State from, State to) {
  if (lists_[from].empty()) return false;
  evicted_ = Loop::Clock::now();
  Instance& instance = *lists_[from].front();
  instance.lookup_.reset();
  if (instance.host_ != nullptr) instance.host_->Forget(&instance);
  instance.host_.reset();
  Move(instance, to);
  return true;
}

void Resolver::Start(Instance& instance) {
  instance.from_ = instance.state_;
  Move(instance, State::kResolving);
  instance.started_ = Loop::Clock::now();
  if (!deadline_->armed) Loop::Arm(deadline_, kPatience);
  Lookup lookup =
      backend_.LookUpService(instance.target_, [&instance](const ServiceData& service) { instance.Found(service); });
  instance.lookup_ = std::move(lookup.activity);
  if (instance.lookup_ != nullptr) return;
  if (lookup.full) Full(limits_.per_service);
  Move(instance, lookup.full ? instance.from_ : State::kRefused);
}

/** Takes what is in use now as the limit, which ran into the daemon's by `refused`. */
void Resolver::Full(size_t refused) {
  limits_.objects = std::min(limits_.objects, Objects() - refused);
  Loop::Arm(recovery_, kRecovery);
}

/** The host of that name, shared; null where the daemon does not look it up. `full`: because it looks up too many. */
std::shared_ptr<Host> Resolver::HostOf(const HostKey& key, bool& full) {
  const auto known = hosts_.find(key);
  if (known != hosts_.end()) return known->second->shared_from_this();
  const auto forget = [this](Host* host) {
    hosts_.erase(host->key());
    delete host;
  };
  std::shared_ptr<Host> host(new Host(key), forget);
  hosts_[key] = host.get();
  if (host->Start(backend_, full)) return host;
  if (full) Full(limits_.per_host);
  return nullptr;
}

/** How many of the daemon's objects are in use here. */
size_t Resolver::Objects() {
  const size_t services =
      lists_[State::kResolving].size() + lists_[State::kResolved].size() + lists_[State::kUnanswered].size();
  return limits_.per_service * services + limits_.per_host * hosts_.size();
}

bool Resolver::HasRoom() {
  // Each of those that are being looked up may need a host of its own, as the next will.
  const size_t hosts = lists_[State::kResolving].size() + 1;
  return Objects() + limits_.per_service + limits_.per_host * hosts <= limits_.objects;
}

}  // namespace tcpnet
