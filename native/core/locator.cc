#include "core/locator.h"

#include <algorithm>
#include <utility>

namespace tcpnet {

void Locator::Begin(uint64_t id, std::vector<Target> targets, Question::Done done) {
  entries_.push_back({id, std::move(targets), std::move(done), nullptr});
  Next();
}

void Locator::Cancel(uint64_t id) {
  const auto entry = Find(id);
  if (entry == entries_.end()) return;
  if (entry->question != nullptr) entry->question->Close();
  entries_.erase(entry);
  Next();
}

void Locator::Next() {
  size_t room = backend_.max_questions();
  for (auto entry = entries_.begin(); entry != entries_.end() && room > 0; entry++, room--) {
    if (entry->question != nullptr) continue;
    const auto done = [this, id = entry->id](const Location& location) { Finish(id, location); };
    entry->question = std::make_unique<Question>(loop_, backend_, entry->targets, done);
  }
}

void Locator::Finish(uint64_t id, const Location& location) {
  const Question::Done done = std::move(Find(id)->done);
  Cancel(id);
  done(location);
}

std::list<Locator::Entry>::iterator Locator::Find(uint64_t id) {
  return std::find_if(entries_.begin(), entries_.end(), [id](const Entry& entry) { return entry.id == id; });
}

}  // namespace tcpnet
