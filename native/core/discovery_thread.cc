#include "core/discovery_thread.h"

#include <poll.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "core/discoverer.h"
#include "system/library.h"

namespace tcpnet {

namespace {

constexpr std::chrono::milliseconds kStopLimit{200};

}  // namespace

/** State that both threads use, freed when both have released it. */
struct DiscoveryThread::Shared {
  explicit Shared(std::shared_ptr<EventQueue> queue) : events(std::move(queue)) {}

  const std::shared_ptr<EventQueue> events;
  Mailbox mailbox;
  std::mutex mutex;
  std::condition_variable ended;
  bool has_ended = false;  // guarded by mutex
};

DiscoveryThread::DiscoveryThread(std::shared_ptr<EventQueue> events)
    : shared_(std::make_shared<Shared>(std::move(events))) {}

bool DiscoveryThread::Start() {
  if (started_) return true;
  if (!shared_->mailbox.Open()) return false;
  PinThisLibrary();
  // A new thread inherits the signal mask: the other threads of the process handle its signals.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  auto* own = new std::shared_ptr<Shared>(shared_);  // owned by the new thread
  started_ = pthread_create(&thread_, nullptr, Run, own) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started_) delete own;
  return started_;
}

/** The discovery thread. */
void* DiscoveryThread::Run(void* argument) {
  const std::unique_ptr<std::shared_ptr<Shared>> own(static_cast<std::shared_ptr<Shared>*>(argument));
  Shared& shared = **own;
  {
    Loop loop;
    Discoverer discoverer(loop, *shared.events);
    loop.AddWatch(shared.mailbox.fd(), POLLIN, [&shared, &discoverer] {
      // One at a time: each may take long, and Stop() drops those that were not taken.
      while (const auto command = shared.mailbox.Take()) command->run(discoverer);
    });
    while (!shared.mailbox.stopped()) loop.RunOnce();
    discoverer.CloseAll();
  }
  const std::lock_guard<std::mutex> lock(shared.mutex);
  shared.has_ended = true;
  shared.ended.notify_all();
  return nullptr;
}

void DiscoveryThread::Post(Mailbox::Command command) {
  shared_->mailbox.Post(std::move(command));
}

bool DiscoveryThread::Cancel(uint64_t id) {
  return shared_->mailbox.Cancel(id);
}

void DiscoveryThread::Stop() {
  if (!started_) return;
  started_ = false;
  shared_->mailbox.Stop();
  std::unique_lock<std::mutex> lock(shared_->mutex);
  const bool ended = shared_->ended.wait_for(lock, kStopLimit, [this] { return shared_->has_ended; });
  lock.unlock();
  if (ended) {
    pthread_join(thread_, nullptr);
  } else {
    pthread_detach(thread_);
  }
}

}  // namespace tcpnet
