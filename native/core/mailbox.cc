#include "core/mailbox.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace tcpnet {

Mailbox::~Mailbox() {
  for (const int fd : wake_) {
    if (fd >= 0) close(fd);
  }
}

bool Mailbox::Open() {
  if (wake_[0] >= 0) return true;
  if (pipe(wake_) != 0) return false;
  for (const int fd : wake_) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  return true;
}

void Mailbox::Post(Command command) {
  const std::lock_guard<std::mutex> lock(mutex_);
  commands_.push_back(std::move(command));
  Wake();
}

bool Mailbox::Cancel(uint64_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto begins = [id](const Command& command) { return command.begins == id; };
  const auto command = std::find_if(commands_.begin(), commands_.end(), begins);
  if (command == commands_.end()) return false;
  commands_.erase(command);
  return true;
}

void Mailbox::Stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  commands_.clear();
  stopped_ = true;
  Wake();
}

std::optional<Mailbox::Command> Mailbox::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  char bytes[64];
  while (read(wake_[0], bytes, sizeof bytes) > 0) continue;
  if (commands_.empty()) return std::nullopt;
  Command command = std::move(commands_.front());
  commands_.pop_front();
  return command;
}

bool Mailbox::stopped() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stopped_;
}

void Mailbox::Wake() const {
  const char byte = 0;
  // If the pipe is full, the loop will wake anyway.
  [[maybe_unused]] const ssize_t written = write(wake_[1], &byte, 1);
}

}  // namespace tcpnet
