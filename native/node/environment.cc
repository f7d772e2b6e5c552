#include "node/environment.h"

#include <utility>

#include "dns_sd/api.h"
#include "node/convert.h"

namespace tcpnet {

namespace {

constexpr const char* kNoThread =
    "the system refused a thread or a pipe for discovery: raise the limits of this process";

/**
 * Makes what a callback threw an uncaught exception. Node does that by itself only for addons of Node-API 10 and later:
 * for others it drops the exception, with a warning. Refused where the environment is ending: then it is
 * dropped.
 */
void ThrowUncaught(Napi::Env env) {
  bool pending = false;
  napi_value exception = nullptr;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

}  // namespace

/** Makes what is made once. False with an exception pending where the environment is ending. */
bool Environment::Prepare() {
  if (notify_ != nullptr && !stopped_) return true;
  const Napi::Env env(env_);
  if (stopped_ || napi_create_threadsafe_function(env_, nullptr, nullptr, Napi::String::New(env, "tcpnet"), 0, 1,
                                                  nullptr, nullptr, this, OnNotify, &notify_) != napi_ok) {
    Napi::Error::New(env, "the JavaScript environment is ending").ThrowAsJavaScriptException();
    return false;
  }
  napi_unref_threadsafe_function(env_, notify_);
  // Registered after the thread-safe function, so that it runs before that one's own hook.
  napi_add_env_cleanup_hook(
      env_, [](void* self) { static_cast<Environment*>(self)->Stop(); }, this);
  events_ = std::make_shared<EventQueue>(notify_);
  thread_ = std::make_unique<DiscoveryThread>(events_);
  return true;
}

void Environment::Stop() {
  if (stopped_) return;
  stopped_ = true;
  thread_.reset();
  if (events_ != nullptr) events_->Shut();
  if (notify_ != nullptr) napi_release_threadsafe_function(notify_, napi_tsfn_abort);
  callbacks_.clear();
}

uint64_t Environment::Open(BackendName backend, SessionOptions options, Napi::Function on_event) {
  if (backend == BackendName::kBonjour) dns_sd::PrepareLibrary();
  if (!Prepare()) return 0;
  const uint64_t id = ++last_id_;
  callbacks_[id].on_event = Napi::Persistent(on_event);
  callbacks_[id].permission = options.permission;
  if (thread_->Start()) {
    thread_->Open(id, backend, std::move(options));
  } else {
    events_->Push({id, Failed{Failure::kRefused, kNoThread}});
  }
  return id;
}

void Environment::Close(uint64_t id, Napi::Function done) {
  const auto entry = callbacks_.find(id);
  if (stopped_ || entry == callbacks_.end() || !entry->second.done.IsEmpty()) return;
  entry->second.on_event.Reset();
  entry->second.done = Napi::Persistent(done);
  if (thread_->Start()) {
    thread_->Close(id);
  } else {
    events_->Push({id, Closed{}});
  }
}

bool Environment::GiveUp(uint64_t id) {
  const auto entry = callbacks_.find(id);
  return !stopped_ && entry != callbacks_.end() && entry->second.permission->Withdraw();
}

uint64_t Environment::Locate(uint64_t session, std::string uuid, Napi::Function done) {
  if (stopped_ || callbacks_.count(session) == 0) return 0;
  const uint64_t id = ++last_id_;
  callbacks_[id].done = Napi::Persistent(done);
  if (thread_->Start()) {
    thread_->Locate(session, id, std::move(uuid));
  } else {
    events_->Push({id, Located{}});
  }
  return id;
}

void Environment::CancelLocate(uint64_t session, uint64_t id) {
  if (stopped_ || callbacks_.erase(id) == 0) return;
  thread_->CancelLocate(session, id);
}

void Environment::Query(std::string host, uint32_t interface_index, uint32_t timeout_ms, Napi::Function done) {
  dns_sd::PrepareLibrary();
  if (!Prepare()) return;
  const uint64_t id = ++last_id_;
  callbacks_[id].done = Napi::Persistent(done);
  if (thread_->Start()) {
    thread_->Query(id, std::move(host), interface_index, timeout_ms);
  } else {
    events_->Push({id, QueryResult{kNoThread, {}}});
  }
}

void Environment::OnNotify(napi_env env, napi_value, void* environment, void*) {
  if (env == nullptr) return;  // the environment is ending
  auto* self = static_cast<Environment*>(environment);
  if (self->stopped_) return;
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
  if (const auto* told = std::get_if<SessionEvent>(&event.what)) {
    if (entry->second.on_event.IsEmpty()) return;
    const Napi::Function on_event = entry->second.on_event.Value();
    if (std::holds_alternative<Failed>(*told)) entry->second.on_event.Reset();
    on_event.Call({ToJs(env, *told)});
    return;
  }
  const Napi::Function done = entry->second.done.Value();
  callbacks_.erase(entry);
  if (const auto* result = std::get_if<QueryResult>(&event.what)) {
    done.Call({ErrorToJs(env, result->error), ToJs(env, result->addresses)});
  } else if (const auto* located = std::get_if<Located>(&event.what)) {
    done.Call({ToJs(env, located->location)});
  } else {
    done.Call(std::initializer_list<napi_value>{});
  }
}

}  // namespace tcpnet
