#include "dns_sd/backend.h"

#include <utility>

#include "avahi/backend.h"
#include "system/interfaces.h"
#include "system/responder.h"

namespace tcpnet::dns_sd {

namespace {

/** Over one shared connection an operation needs a few bytes at each end. */
constexpr size_t kMaxQuestionsShared = 64;

/**
 * With Avahi's library a question takes three operations for each place, each with a thread and a D-Bus connection; a
 * user may have 256 of those connections, in all processes together.
 */
constexpr size_t kMaxQuestionsSingle = 8;

/** The index of the loopback interface, or 0. */
uint32_t LoopbackIndex() {
  for (const InterfaceAddress& entry : ReadInterfaces()) {
    if (entry.loopback) return entry.index;
  }
  return 0;
}

}  // namespace

std::optional<Failed> Backend::Connect(Fail broken) {
  if (!api_) return Failed{Failure::kLibrary, api_.error()};
  if (api_.CreateConnection != nullptr) {
    // After any error the shared connection is not read again: for its operations, the daemon is gone.
    const Error error = main_.Start(
        nullptr, [this](Ref* ref) { return api_.CreateConnection(ref); },
        [this](Error) { FailedBy(kServiceNotRunning); });
    if (error != kNoError) return Failed{FailureOf(error), Describe(api_, error)};
  }
  is_fresh_ = true;
  broken_ = std::move(broken);
  return std::nullopt;
}

Error Backend::Ping() {
  if (is_broken_) return kServiceNotRunning;
  if (std::exchange(is_fresh_, false)) return kNoError;
  Operation ping(loop_, api_);
  return ping.Start(
      nullptr, [this](Ref* ref) { return api_.CreateConnection(ref); }, [](Error) {});
}

Error Backend::Start(Operation& operation, const std::function<Error(Ref*, Flags)>& call) {
  if (is_broken_) return kServiceNotRunning;
  const Flags flags = main_.running() ? kShareConnection : 0;
  // An operation with its own connection reports a broken connection to its callback as well.
  return operation.Start(
      main_.ref(), [&](Ref* ref) { return call(ref, flags); }, [](Error) {});
}

Failed Backend::FailedBy(Error error) {
  const Failed failed{FailureOf(error), Describe(api_, error)};
  if (failed.failure == Failure::kDaemon && !std::exchange(is_broken_, true)) broken_(failed);
  return failed;
}

uint32_t Backend::ToDaemon(uint32_t interface_index) const {
  const bool local = api_.is_apples() && interface_index != 0 && interface_index == LoopbackIndex();
  return local ? kLocalOnly : interface_index;
}

uint32_t Backend::FromDaemon(uint32_t interface_index) const {
  return interface_index == kLocalOnly ? LoopbackIndex() : interface_index;
}

size_t Backend::max_questions() const {
  return api_.is_apples() ? kMaxQuestionsShared : kMaxQuestionsSingle;
}

std::unique_ptr<tcpnet::Backend> MakeBackend(Loop& loop) {
  auto backend = std::make_unique<Backend>(loop);
  const bool is_avahis = backend->api() && !backend->api().is_apples();
  if (is_avahis && HasNoResponder()) return avahi::MakeBackend(loop);
  return backend;
}

}  // namespace tcpnet::dns_sd
