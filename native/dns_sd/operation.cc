#include "dns_sd/operation.h"

#include <poll.h>

#include <utility>

namespace tcpnet::dns_sd {

Error Operation::Start(Ref shared, const std::function<Error(Ref*)>& start, std::function<void(Error)> failed) {
  Ref ref = shared;
  const Error error = start(&ref);
  if (error != kNoError) return error;
  ref_ = ref;
  failed_ = std::move(failed);
  if (shared == nullptr) watch_ = loop_.AddWatch(api_.RefSockFd(ref), POLLIN, [this] { Process(); });
  return kNoError;
}

void Operation::Release() {
  Loop::Remove(watch_);
  if (ref_ != nullptr) api_.RefDeallocate(std::exchange(ref_, nullptr));
}

void Operation::Process() {
  const Error error = api_.ProcessResult(ref_);
  if (error == kNoError || watch_ == nullptr) return;
  Loop::Remove(watch_);
  failed_(error);
}

}  // namespace tcpnet::dns_sd
