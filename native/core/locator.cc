#include "core/locator.h"

#include <utility>

namespace tcpnet {

void Locator::Begin(uint64_t id, std::vector<Target> targets, Done done) {
  waiting_.push_back({id, std::move(targets), std::move(done)});
  Next();
}

void Locator::Cancel(uint64_t id) {
  waiting_.remove_if([id](const Waiting& waiting) { return waiting.id == id; });
  const auto running = running_.find(id);
  if (running != running_.end()) {
    objects_ -= running->second.objects;
    running_.erase(running);
  }
  // Also where one that waited is gone: it may have needed more room than those behind it.
  Next();
}

void Locator::Next() {
  const Backend::Limits limits = backend_.limits();
  while (!waiting_.empty()) {
    const size_t objects = limits.per_place * waiting_.front().targets.size();
    // One that alone needs more than the limit runs alone.
    if (!running_.empty() && objects_ + objects > limits.objects) return;
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    Start(std::move(next), objects);
  }
}

void Locator::Start(Waiting waiting, size_t objects) {
  const uint64_t id = waiting.id;
  const auto done = [this, id, told = std::move(waiting.done)](const Location& location) {
    const Done tell = told;  // Cancel() destroys this function
    const Location found = location;
    Cancel(id);
    tell(found);
  };
  objects_ += objects;
  Locate& locate = *(running_[id] = {objects, std::make_unique<Locate>(loop_, backend_, done)}).locate;
  locate.Start(waiting.targets);
}

}  // namespace tcpnet
