#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

namespace tcpnet {

class Discoverer;

/** Passes commands from the JavaScript thread to the discovery thread, whose loop it wakes through a pipe. */
class Mailbox {
 public:
  /** A command for the discovery thread. */
  struct Command {
    uint64_t begins;  // the id of the session or question that it begins, or 0
    std::function<void(Discoverer&)> run;
  };

  Mailbox() = default;
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;

  /** Makes the pipe. False if the system refuses it. Idempotent. JavaScript thread. */
  bool Open();

  /** JavaScript thread. */
  void Post(Command command);

  /** Removes the command that would begin a session or question. False if it was taken already. JavaScript thread. */
  bool Cancel(uint64_t id);

  /** Drops all commands, and wakes the discovery thread so that it ends. JavaScript thread. */
  void Stop();

  /** Readable when there is a command to take. Discovery thread. */
  int fd() const { return wake_[0]; }

  /** The oldest command, or nothing. Discovery thread. */
  std::optional<Command> Take();

  /** Whether Stop() was called. Any thread. */
  bool stopped();

 private:
  void Wake() const;

  int wake_[2] = {-1, -1};  // owned
  std::mutex mutex_;        // guards what follows
  std::deque<Command> commands_;
  bool stopped_ = false;
};

}  // namespace tcpnet
