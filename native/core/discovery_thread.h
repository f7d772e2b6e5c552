#ifndef TCPNET_CORE_DISCOVERY_THREAD_H_
#define TCPNET_CORE_DISCOVERY_THREAD_H_

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/backend.h"
#include "core/event_queue.h"

namespace tcpnet {

class Discoverer;

enum class BackendName { kAvahi, kBonjour };

/**
 * The one thread of an environment that talks to the daemon. It may hang for as long as the daemon does, so every wait
 * for it has a limit: what it uses it owns together with this handle, and keeps when it is left behind.
 * All functions are called on the JavaScript thread and return at once, except Stop().
 */
class DiscoveryThread {
 public:
  explicit DiscoveryThread(std::shared_ptr<EventQueue> events);
  ~DiscoveryThread() { Stop(); }
  DiscoveryThread(const DiscoveryThread&) = delete;
  DiscoveryThread& operator=(const DiscoveryThread&) = delete;

  /** Starts the thread. False where the system refuses one, or the pipe that wakes it. */
  bool Start();

  /** Opens a session; its events carry `id`. */
  void Open(uint64_t id, BackendName backend, SessionOptions options);

  /**
   * Closes a session, whether or not it failed; `Closed` with its id follows when the daemon was told. One that is not
   * open yet, because the daemon hangs, is forgotten: a daemon that goes on is not asked for it.
   */
  void Close(uint64_t id);

  /** Asks a session where an instance is; one `Located` with this id follows, unless it is cancelled. */
  void Locate(uint64_t session, uint64_t id, std::string uuid);
  void CancelLocate(uint64_t session, uint64_t id);

  /** Asks for a host's addresses; one `QueryResult` with this id follows. */
  void Query(uint64_t id, std::string host, uint32_t interface_index, uint32_t timeout_ms);

  /** Ends the thread; leaves it behind where it does not end within 200 ms. Idempotent. */
  void Stop();

 private:
  struct Shared;

  struct Command {
    uint64_t begins;  // the id of the session or question that it begins, or 0
    std::function<void(Discoverer&)> run;
  };

  static void* Run(void* shared);
  bool Cancel(uint64_t id);
  void Post(Command command);

  const std::shared_ptr<Shared> shared_;
  bool started_ = false;
  pthread_t thread_{};
};

}  // namespace tcpnet

#endif  // TCPNET_CORE_DISCOVERY_THREAD_H_
