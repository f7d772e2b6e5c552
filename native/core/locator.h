#ifndef TCPNET_CORE_LOCATOR_H_
#define TCPNET_CORE_LOCATOR_H_

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "core/backend.h"
#include "core/locate.h"

namespace tcpnet {

/** Asks where instances are, as many at once as the daemon has room for; the others wait for their turn. */
class Locator {
 public:
  using Done = std::function<void(const Location&)>;

  Locator(Loop& loop, Backend& backend) : loop_(loop), backend_(backend) {}
  Locator(const Locator&) = delete;
  Locator& operator=(const Locator&) = delete;

  /** `done` is called at most once, from the loop, and not after Cancel(). */
  void Begin(uint64_t id, std::vector<Target> targets, Done done);

  /** Ends what was begun under this id, if it has not ended. Not from within a callback of the back-end. */
  void Cancel(uint64_t id);

 private:
  struct Waiting {
    uint64_t id;
    std::vector<Target> targets;
    Done done;
  };
  struct Running {
    size_t objects;
    std::unique_ptr<Locate> locate;
  };

  void Next();
  void Start(Waiting waiting, size_t objects);

  Loop& loop_;
  Backend& backend_;
  std::list<Waiting> waiting_;
  std::map<uint64_t, Running> running_;
  size_t objects_ = 0;  // that those that run may use
};

}  // namespace tcpnet

#endif  // TCPNET_CORE_LOCATOR_H_
