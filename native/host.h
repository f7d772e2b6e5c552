#ifndef TCPNET_HOST_H_
#define TCPNET_HOST_H_

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "backend.h"

namespace tcpnet {

/** The addresses of one host. All instances on that host share it, and own it together. */
class Host : public std::enable_shared_from_this<Host> {
 public:
  explicit Host(HostKey key) : key_(std::move(key)) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /** Starts the lookup. False where the daemon refuses it; `full` then says why. */
  bool Start(Backend& backend, bool& full);

  const HostKey& key() const { return key_; }
  /** In the order in which they were learned. */
  const std::vector<Address>& addresses() const { return addresses_; }
  /** Whether it ever had one. */
  bool has_answered() const { return has_answered_; }

  /** `changed` is called whenever the addresses change, until Forget(). */
  void Observe(const void* who, std::function<void()> changed) { observers_[who] = std::move(changed); }
  void Forget(const void* who) { observers_.erase(who); }

 private:
  void Change(const Address& address, bool added);

  const HostKey key_;
  std::unique_ptr<Activity> lookup_;
  std::vector<Address> addresses_;
  bool has_answered_ = false;
  std::map<const void*, std::function<void()>> observers_;
};

}  // namespace tcpnet

#endif  // TCPNET_HOST_H_
