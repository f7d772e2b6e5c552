#include "node/environment.h"

#include <utility>

#include "core/discoverer.h"
#include "dns_sd/api.h"
#include "dns_sd/backend.h"
#include "node/convert.h"

namespace tcpnet {

namespace {

constexpr const char* kNoThread =
    "the system refused a thread or a pipe for discovery: raise the limits of this process";

/**
 * Turns the exception of a callback into an uncaught exception. Node does that itself only for addons of Node-API 10
 * and later: for others it drops the exception, with a warning. If the environment is ending, Node refuses, and the
 * exception is dropped.
 */
void ThrowUncaught(Napi::Env env) {
  bool pending = false;
  napi_value exception = nullptr;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

}  // namespace

/** Makes the thread and the queue on first use. False, with an exception pending, if the environment is ending. */
bool Environment::Prepare() {
  if (notify_ != nullptr && !closed_) return true;
  const Napi::Env env(env_);
  if (closed_ || napi_create_threadsafe_function(env_, nullptr, nullptr, Napi::String::New(env, "tcpnet"), 0, 1,
                                                 nullptr, nullptr, this, OnNotify, &notify_) != napi_ok) {
    Napi::Error::New(env, "the JavaScript environment is ending").ThrowAsJavaScriptException();
    return false;
  }
  napi_unref_threadsafe_function(env_, notify_);
  // Registered after the thread-safe function, so that it runs before the hook of that function.
  napi_add_env_cleanup_hook(
      env_, [](void* self) { static_cast<Environment*>(self)->Close(); }, this);
  events_ = std::make_shared<EventQueue>(
      [notify = notify_] { napi_call_threadsafe_function(notify, nullptr, napi_tsfn_nonblocking); });
  thread_ = std::make_unique<DiscoveryThread>(events_);
  return true;
}

void Environment::Close() {
  if (std::exchange(closed_, true)) return;
  if (notify_ == nullptr) return;
  thread_->Stop();
  events_->Shut();
  napi_release_threadsafe_function(notify_, napi_tsfn_abort);
  callbacks_.clear();
}

/** Runs a command on the discovery thread; if the thread cannot start, delivers the event `otherwise` instead. */
void Environment::Post(Mailbox::Command command, Event otherwise) {
  if (thread_->Start()) {
    thread_->Post(std::move(command));
  } else {
    events_->Push(std::move(otherwise));
  }
}

uint64_t Environment::Open(BackendMaker* backend, const SessionOptions& options, Napi::Function on_event) {
  if (backend == dns_sd::MakeBackend) dns_sd::PrepareLibrary();
  if (!Prepare()) return 0;
  const uint64_t id = ++last_id_;
  callbacks_[id].on_event = Napi::Persistent(on_event);
  callbacks_[id].permission = options.permission;
  Post({id, [=](Discoverer& discoverer) { discoverer.Open(id, backend, options); }},
       {id, Failed{Failure::kRefused, kNoThread}});
  return id;
}

void Environment::SetAddresses(uint64_t id, std::vector<Address> addresses) {
  const auto entry = callbacks_.find(id);
  if (closed_ || entry == callbacks_.end() || !entry->second.done.IsEmpty()) return;
  thread_->Post(
      {0, [id, addresses = std::move(addresses)](Discoverer& discoverer) { discoverer.SetAddresses(id, addresses); }});
}

void Environment::Close(uint64_t id, Napi::Function done) {
  const auto entry = callbacks_.find(id);
  if (closed_ || entry == callbacks_.end() || !entry->second.done.IsEmpty()) return;
  entry->second.on_event.Reset();
  entry->second.done = Napi::Persistent(done);
  // A session that is not open yet, because the daemon hangs, is cancelled: it will not be opened when the daemon
  // continues.
  if (thread_->Cancel(id)) return events_->Push({id, Closed{}});
  Post({0, [id](Discoverer& discoverer) { discoverer.Close(id); }}, {id, Closed{}});
}

bool Environment::GiveUp(uint64_t id) {
  const auto entry = callbacks_.find(id);
  return !closed_ && entry != callbacks_.end() && entry->second.permission->Withdraw();
}

uint64_t Environment::Locate(uint64_t session, const std::string& uuid, Napi::Function done) {
  if (closed_ || callbacks_.count(session) == 0) return 0;
  const uint64_t id = ++last_id_;
  callbacks_[id].done = Napi::Persistent(done);
  Post({id, [=](Discoverer& discoverer) { discoverer.Locate(session, id, uuid); }}, {id, Located{}});
  return id;
}

void Environment::CancelLocate(uint64_t id) {
  if (closed_ || callbacks_.erase(id) == 0 || thread_->Cancel(id)) return;
  thread_->Post({0, [=](Discoverer& discoverer) { discoverer.CancelLocate(id); }});
}

void Environment::Query(const std::string& host, uint32_t interface_index, std::chrono::milliseconds timeout,
                        Napi::Function done) {
  dns_sd::PrepareLibrary();
  if (!Prepare()) return;
  const uint64_t id = ++last_id_;
  callbacks_[id].done = Napi::Persistent(done);
  Post({id, [=](Discoverer& discoverer) { discoverer.Query(id, dns_sd::MakeBackend, host, interface_index, timeout); }},
       {id, HostAddresses{kNoThread, {}}});
}

/** JavaScript thread; `environment` is the one that owns the thread-safe function. */
void Environment::OnNotify(napi_env env, napi_value, void* environment, void*) {
  if (env == nullptr) return;  // the environment is ending
  auto* self = static_cast<Environment*>(environment);
  if (self->closed_) return;
  const auto event = self->events_->Pop();
  if (!event) return;
  const Napi::HandleScope scope(env);
  self->Deliver(*event);
  ThrowUncaught(env);
}

/** Calls one callback. An exception that it throws stays pending. */
void Environment::Deliver(const Event& event) {
  const auto entry = callbacks_.find(event.id);
  if (entry == callbacks_.end()) return;
  const Napi::Env env(env_);
  if (const auto* session_event = std::get_if<SessionEvent>(&event.what)) {
    if (entry->second.on_event.IsEmpty()) return;
    const Napi::Function on_event = entry->second.on_event.Value();
    if (std::holds_alternative<Failed>(*session_event)) entry->second.on_event.Reset();
    on_event.Call({ToJs(env, *session_event)});
    return;
  }
  const Napi::Function done = entry->second.done.Value();
  callbacks_.erase(entry);
  if (const auto* answer = std::get_if<HostAddresses>(&event.what)) {
    done.Call({ErrorToJs(env, answer->error), ToJs(env, answer->addresses)});
  } else if (const auto* located = std::get_if<Located>(&event.what)) {
    done.Call({ToJs(env, located->location)});
  } else {
    done.Call(std::initializer_list<napi_value>{});
  }
}

}  // namespace tcpnet
