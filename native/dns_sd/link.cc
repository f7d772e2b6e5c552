#include "dns_sd/link.h"

#include <utility>

#include "system/interfaces.h"

namespace tcpnet::dns_sd {

namespace {

/** The index of the loopback interface, or 0. */
uint32_t LoopbackIndex() {
  for (const InterfaceAddress& entry : ReadInterfaces()) {
    if (entry.loopback) return entry.index;
  }
  return 0;
}

}  // namespace

std::optional<Failed> Link::Connect(std::function<void(const Failed&)> broken) {
  if (!api_) return Failed{Failure::kLibrary, api_.error()};
  if (api_.CreateConnection != nullptr) {
    // After any error the shared connection is not read from again: for all that goes on over it, the daemon is gone.
    const Error error = main_.Start(
        nullptr, [this](Ref* ref) { return api_.CreateConnection(ref); },
        [this](Error) { FailedBy(kServiceNotRunning); });
    if (error != kNoError) return Failed{FailureOf(error), Describe(api_, error)};
  }
  is_fresh_ = true;
  broken_ = std::move(broken);
  return std::nullopt;
}

Error Link::Ping() {
  if (is_broken_) return kServiceNotRunning;
  if (std::exchange(is_fresh_, false)) return kNoError;
  Operation ping(loop_, api_);
  return ping.Start(
      nullptr, [this](Ref* ref) { return api_.CreateConnection(ref); }, [](Error) {});
}

Error Link::Start(Operation& operation, const std::function<Error(Ref*, Flags)>& call) {
  if (is_broken_) return kServiceNotRunning;
  const Flags flags = main_.running() ? kShareConnection : 0;
  // What breaks an operation of its own tells its callback, too.
  return operation.Start(
      main_.ref(), [&](Ref* ref) { return call(ref, flags); }, [](Error) {});
}

Failed Link::FailedBy(Error error) {
  const Failed failed{FailureOf(error), Describe(api_, error)};
  if (failed.failure == Failure::kDaemon && !std::exchange(is_broken_, true)) broken_(failed);
  return failed;
}

uint32_t Link::ToDaemon(uint32_t interface_index) const {
  const bool local = takes_flags() && interface_index != 0 && interface_index == LoopbackIndex();
  return local ? kLocalOnly : interface_index;
}

uint32_t Link::FromDaemon(uint32_t interface_index) const {
  return interface_index == kLocalOnly ? LoopbackIndex() : interface_index;
}

}  // namespace tcpnet::dns_sd
