#pragma once

#include <napi.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/discovery_thread.h"
#include "core/event_queue.h"
#include "system/interface_watch.h"

namespace tcpnet {

/**
 * The addon's state in one JavaScript environment (the main thread's, or a worker's): its discovery thread, made on
 * first use, and the callbacks of its sessions, questions and queries. Owned by the environment's instance data; used
 * only on the JavaScript thread. It does not keep the event loop alive.
 */
class Environment {
 public:
  explicit Environment(napi_env env) : env_(env) {}
  ~Environment() { Close(); }
  Environment(const Environment&) = delete;

  /** Opens a session. Returns its id, or 0, with an exception pending, if the environment is ending. */
  uint64_t Open(BackendMaker* backend, const SessionOptions& options, Napi::Function on_event);

  /** The addresses of a session's own host name are these from now on. */
  void SetAddresses(uint64_t id, std::vector<Address> addresses);

  /** Silences a session and closes it; `done` is called once. Only the first call for an id counts. */
  void Close(uint64_t id, Napi::Function done);

  /** Gives up a session, which then never announces. False if the daemon has replied, or the session is closed. */
  bool GiveUp(uint64_t id);

  /** Asks a session where an instance is; `done` is called once, unless it is cancelled. Returns the question's id. */
  uint64_t Locate(uint64_t session, const std::string& uuid, Napi::Function done);
  void CancelLocate(uint64_t id);

  /** Asks for a host's addresses; `done` is called once. */
  void Query(const std::string& host, uint32_t interface_index, std::chrono::milliseconds timeout, Napi::Function done);

  /** See {@link InterfaceWatch::Changes}. */
  uint32_t InterfaceChanges() { return interfaces_.Changes(); }

  /** Ends everything, in bounded time. The environment's cleanup hook calls it. Idempotent. */
  void Close();

 private:
  struct Callbacks {
    Napi::FunctionReference on_event;        // empty for a question, and for a session once it failed or is closed
    Napi::FunctionReference done;            // of a question; of a session empty until it is closed
    std::shared_ptr<Permission> permission;  // of a session
  };

  static void OnNotify(napi_env env, napi_value, void* environment, void*);

  bool Prepare();
  void Post(Mailbox::Command command, Event otherwise);
  void Deliver(const Event& event);

  const napi_env env_;
  bool closed_ = false;
  napi_threadsafe_function notify_ = nullptr;  // calls OnNotify with this
  std::shared_ptr<EventQueue> events_;
  std::unique_ptr<DiscoveryThread> thread_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, Callbacks> callbacks_;
  InterfaceWatch interfaces_;
};

}  // namespace tcpnet
