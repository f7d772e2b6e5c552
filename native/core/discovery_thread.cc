#include "core/discovery_thread.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "core/discoverer.h"
#include "system/library.h"

namespace tcpnet {

namespace {

constexpr std::chrono::milliseconds kStopLimit{200};

void SetUp(int fd) {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, O_NONBLOCK);
}

}  // namespace

/** What both threads use. The last one to let go of it frees it. */
struct DiscoveryThread::Shared {
  explicit Shared(std::shared_ptr<EventQueue> queue) : events(std::move(queue)) {}
  ~Shared() {
    if (wake[0] >= 0) close(wake[0]);
    if (wake[1] >= 0) close(wake[1]);
  }

  void Wake() const {
    const char byte = 0;
    // A full pipe wakes as well.
    [[maybe_unused]] const ssize_t written = write(wake[1], &byte, 1);
  }

  void Drain() const {
    char bytes[64];
    while (read(wake[0], bytes, sizeof bytes) > 0) continue;
  }

  const std::shared_ptr<EventQueue> events;
  int wake[2] = {-1, -1};
  std::mutex mutex;
  std::condition_variable stopped;
  std::vector<Command> commands;  // guarded by mutex
  bool stop = false;              // guarded by mutex
  bool has_stopped = false;       // guarded by mutex
};

DiscoveryThread::DiscoveryThread(std::shared_ptr<EventQueue> events)
    : shared_(std::make_shared<Shared>(std::move(events))) {}

bool DiscoveryThread::Start() {
  if (started_) return true;
  if (shared_->wake[0] < 0) {
    if (pipe(shared_->wake) != 0) return false;
    SetUp(shared_->wake[0]);
    SetUp(shared_->wake[1]);
  }
  PinThisLibrary();
  // The signals of the process are for its other threads; a new thread inherits its mask.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  auto* own = new std::shared_ptr<Shared>(shared_);  // owned by the new thread
  started_ = pthread_create(&thread_, nullptr, Run, own) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started_) delete own;
  return started_;
}

void* DiscoveryThread::Run(void* argument) {
  const std::unique_ptr<std::shared_ptr<Shared>> own(static_cast<std::shared_ptr<Shared>*>(argument));
  Shared& shared = **own;
  {
    Loop loop;
    Discoverer discoverer(loop, shared.events);
    bool stop = false;
    loop.AddWatch(shared.wake[0], POLLIN, [&] {
      shared.Drain();
      // One at a time: each may take long, and none matters any more once the thread is to stop.
      while (true) {
        Command command;
        {
          const std::lock_guard<std::mutex> lock(shared.mutex);
          stop = shared.stop;
          if (stop || shared.commands.empty()) return;
          command = std::move(shared.commands.front());
          shared.commands.erase(shared.commands.begin());
        }
        command.run(discoverer);
      }
    });
    while (!stop) loop.RunOnce();
  }
  const std::lock_guard<std::mutex> lock(shared.mutex);
  shared.has_stopped = true;
  shared.stopped.notify_all();
  return nullptr;
}

void DiscoveryThread::Post(Command command) {
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->commands.push_back(std::move(command));
  }
  shared_->Wake();
}

void DiscoveryThread::Open(uint64_t id, BackendName backend, SessionOptions options) {
  Post({id, [id, backend, options = std::move(options)](Discoverer& discoverer) {
          discoverer.Open(id, backend, options);
        }});
}

/** Forgets the command that would begin this. False where it has begun already. */
bool DiscoveryThread::Cancel(uint64_t id) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  auto& commands = shared_->commands;
  const auto opening =
      std::find_if(commands.begin(), commands.end(), [id](const Command& command) { return command.begins == id; });
  if (opening == commands.end()) return false;
  commands.erase(opening);
  return true;
}

void DiscoveryThread::Close(uint64_t id) {
  if (Cancel(id)) return shared_->events->Push({id, Closed{}});
  Post({0, [id](Discoverer& discoverer) { discoverer.Close(id); }});
}

void DiscoveryThread::Locate(uint64_t session, uint64_t id, std::string uuid) {
  Post({id, [session, id, uuid = std::move(uuid)](Discoverer& discoverer) { discoverer.Locate(session, id, uuid); }});
}

void DiscoveryThread::CancelLocate(uint64_t session, uint64_t id) {
  if (Cancel(id)) return;
  Post({0, [session, id](Discoverer& discoverer) { discoverer.CancelLocate(session, id); }});
}

void DiscoveryThread::Query(uint64_t id, std::string host, uint32_t interface_index, uint32_t timeout_ms) {
  Post({0, [id, host = std::move(host), interface_index, timeout_ms](Discoverer& discoverer) {
          discoverer.Query(id, host, interface_index, std::chrono::milliseconds(timeout_ms));
        }});
}

void DiscoveryThread::Stop() {
  if (!started_) return;
  started_ = false;
  std::unique_lock<std::mutex> lock(shared_->mutex);
  shared_->stop = true;
  shared_->Wake();
  const bool stopped = shared_->stopped.wait_for(lock, kStopLimit, [this] { return shared_->has_stopped; });
  lock.unlock();
  if (stopped) {
    pthread_join(thread_, nullptr);
  } else {
    pthread_detach(thread_);
  }
}

}  // namespace tcpnet
