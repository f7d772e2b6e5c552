#include "avahi_resolver.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tcpnet::avahi {

namespace {

/** Of the 1024 objects that the daemon allows a client; the others are for browsers and entry groups. */
constexpr size_t kMaxObjects = 768;
/** What one instance may need: its resolver, and two record browsers for its host. */
constexpr size_t kObjectsPerInstance = 3;
constexpr size_t kObjectsPerHost = 2;

std::vector<std::string> StringsOf(const StringList* list) {
  std::vector<std::string> strings;
  for (; list != nullptr; list = list->next) {
    strings.emplace_back(reinterpret_cast<const char*>(list->text), list->size);
  }
  return strings;
}

}  // namespace

Instance::Instance(Resolver& resolver, Target target, Tell tell)
    : resolver_(resolver),
      target_(std::move(target)),
      tell_(std::move(tell)),
      state_(State::kWaiting),
      service_(resolver.connection_, &Api::service_resolver_free) {
  resolver_.Add(*this);
}

Instance::~Instance() {
  Stop();
  resolver_.Remove(*this);
}

/** Makes the daemon resolve. False where it refuses, with the error in the connection. */
bool Instance::Start() {
  Connection& connection = resolver_.connection_;
  const int protocol = target_.place.family == 4 ? kInet : kInet6;
  return service_.Set(connection.api().service_resolver_new(
      connection.client(), static_cast<int>(target_.place.interface_index), protocol, target_.place.instance.c_str(),
      target_.type.c_str(), target_.domain.c_str(), protocol, kLookupNoAddress, OnResolved, this));
}

/** Gives up what the daemon does for this instance; what is known of it stays. */
void Instance::Stop() {
  service_.Reset();
  if (host_ != nullptr) host_->Forget(this);
  host_.reset();
}

void Instance::OnResolved(ServiceResolver*, int, int, int event, const char*, const char*, const char*,
                          const char* host, const void*, uint16_t port, StringList* txt, int, void* userdata) {
  auto& self = *static_cast<Instance*>(userdata);
  if (event == kResolverFound) {
    self.resolver_.Move(self, State::kResolved);
    self.Resolved(host, port, txt);
  } else if (self.state_ == State::kResolving) {
    self.resolver_.Move(self, State::kUnanswered);
  }
  Loop::Arm(self.resolver_.later_, std::chrono::milliseconds(0));
}

void Instance::Resolved(const std::string& host, uint16_t port, const StringList* txt) {
  data_ = {host, port, StringsOf(txt), {}};
  if (host_ == nullptr || host_->name() != host) {
    if (host_ != nullptr) host_->Forget(this);
    const int protocol = target_.place.family == 4 ? kInet : kInet6;
    host_ = resolver_.HostOf({host, static_cast<int>(target_.place.interface_index), protocol});
    if (host_ == nullptr) {
      Stop();
      return resolver_.Move(*this, State::kRetrying);
    }
    host_->Observe(this, [this] { Update(); });
  }
  Update();
}

/** Tells what is known now, if that is something new. */
void Instance::Update() {
  data_.addresses = host_->addresses();
  if (data_.addresses.empty()) {
    // The addresses of a new host are not known yet; those of the old one are as good as any until then.
    if (told_ == nullptr || told_->host != data_.host) return;
    told_.reset();
    tell_(nullptr);
  } else if (told_ == nullptr || !(*told_ == data_)) {
    told_ = std::make_unique<InstanceData>(data_);
    tell_(told_.get());
  }
}

Resolver::Resolver(Connection& connection)
    : connection_(connection), later_(connection.loop().AddTimer([this] { Run(); })), limit_(kMaxObjects) {}

Resolver::~Resolver() {
  connection_.loop().Remove(later_);
}

void Resolver::Add(Instance& instance) {
  auto& list = lists_[State::kWaiting];
  instance.position_ = list.insert(list.end(), &instance);
  Run();
}

void Resolver::Remove(Instance& instance) {
  lists_[instance.state_].erase(instance.position_);
  Loop::Arm(later_, std::chrono::milliseconds(0));
}

void Resolver::Move(Instance& instance, State state) {
  if (instance.state_ == state) return;
  auto& list = lists_[state];
  list.splice(list.end(), lists_[instance.state_], instance.position_);
  instance.state_ = state;
}

void Resolver::Run() {
  auto& waiting = lists_[State::kWaiting];
  while (!waiting.empty() && connection_.usable()) {
    if (!HasRoom()) {
      if (!Evict(State::kUnanswered, State::kRetrying) && !Evict(State::kResolved, State::kParked)) return;
      continue;
    }
    Start(*waiting.front());
  }
  auto& retrying = lists_[State::kRetrying];
  while (!retrying.empty() && connection_.usable() && HasRoom()) Start(*retrying.front());
}

bool Resolver::Evict(State from, State to) {
  if (lists_[from].empty()) return false;
  Instance& instance = *lists_[from].front();
  instance.Stop();
  Move(instance, to);
  return true;
}

void Resolver::Start(Instance& instance) {
  if (instance.Start()) return Move(instance, State::kResolving);
  const int error = connection_.error();
  Refused(error);
  if (error != kErrorTooManyObjects) Move(instance, State::kParked);
}

void Resolver::Refused(int error) {
  if (error == kErrorTooManyObjects) {
    limit_ = Objects();  // a daemon that was set up to allow fewer
  } else {
    connection_.FailedBy(error);
  }
}

bool Resolver::HasRoom() {
  return Objects() + kObjectsPerInstance <= limit_;
}

/** How many of the daemon's objects are in use here. */
size_t Resolver::Objects() {
  return lists_[State::kResolving].size() + lists_[State::kResolved].size() + lists_[State::kUnanswered].size() +
         kObjectsPerHost * hosts_.size();
}

/** The host of that name, shared; null where the daemon refuses to look for its addresses. */
std::shared_ptr<Host> Resolver::HostOf(const Host::Key& key) {
  const auto known = hosts_.find(key);
  if (known != hosts_.end()) return known->second->shared_from_this();
  const auto forget = [this](Host* host) {
    hosts_.erase(host->key());
    delete host;
  };
  std::shared_ptr<Host> host(new Host(connection_, key), forget);
  hosts_[key] = host.get();
  const int error = host->Start();
  if (error == 0) return host;
  Refused(error);
  return nullptr;
}

}  // namespace tcpnet::avahi
