#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "core/question.h"

namespace tcpnet {

/** Asks where instances are, as many at once as the daemon allows; the other questions wait. Discovery thread. */
class Locator {
 public:
  Locator(Loop& loop, Backend& backend) : loop_(loop), backend_(backend) {}
  Locator(const Locator&) = delete;

  /** `done` is called at most once, from the loop, and not after Cancel(); it may destroy this. */
  void Begin(uint64_t id, std::vector<Target> targets, Question::Done done);

  /** Ends the question with this id, if it has not ended. Not from within a callback of the back-end. */
  void Cancel(uint64_t id);

 private:
  struct Entry {
    uint64_t id;
    std::vector<Target> targets;
    Question::Done done;
    std::unique_ptr<Question> question;  // null while it waits
  };

  void Next();
  void Finish(uint64_t id, const Location& location);
  std::list<Entry>::iterator Find(uint64_t id);

  Loop& loop_;
  Backend& backend_;
  std::list<Entry> entries_;  // in the order of Begin(): the first are under way
};

}  // namespace tcpnet
