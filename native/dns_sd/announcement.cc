#include <arpa/inet.h>

#include <utility>

#include "core/txt.h"
#include "dns_sd/backend.h"

namespace tcpnet::dns_sd {

namespace {

/** The announcement of an instance. The daemon keeps it right when the host's name changes. */
class Announcement final : public Publication {
 public:
  Announcement(Backend& backend, const SessionOptions& options, Backend::AnnounceListener listener)
      : backend_(backend),
        options_(options),
        listener_(std::move(listener)),
        operation_(backend.loop(), backend.api()) {}

  Error Start();
  void SetAddresses(const std::vector<Address>&) override {}
  void Close() override { operation_.Release(); }

 private:
  static RegisterReply OnReply;

  Error Register(Flags own_flags);
  void Fail(Error error) { listener_.failed(backend_.FailedBy(error)); }

  Backend& backend_;
  const SessionOptions options_;
  Backend::AnnounceListener listener_;  // `announced` is null once called
  Operation operation_;                 // calls OnReply with this
};

Error Announcement::Start() {
  // Avahi's library registers in one call, after which the session takes the permission. There is no ping, and no
  // fallback if the daemon is missing.
  if (!backend_.api().is_apples()) return Register(0);
  if (const Error error = backend_.Ping(); error != kNoError) return error;
  if (!options_.permission->Take()) return kNoError;
  if (options_.probe) return Register(kNoAutoRename);
  const Error error = Register(kNoAutoRename | kKnownUnique);
  // A library that does not know kKnownUnique refuses it: then the daemon probes for the name.
  return error == kNoError || FailureOf(error) != Failure::kRefused ? error : Register(kNoAutoRename);
}

Error Announcement::Register(Flags own_flags) {
  const std::string txt = TxtData(options_.txt);
  return backend_.Start(operation_, [&](Ref* ref, Flags flags) {
    return backend_.api().Register(ref, flags | own_flags, backend_.ToDaemon(options_.interface_index),
                                   options_.instance.c_str(), options_.type.c_str(), kDomain, nullptr,
                                   htons(options_.port), static_cast<uint16_t>(txt.size()), txt.data(), OnReply, this);
  });
}

/** `context` is the activity, which owns the operation. */
void Announcement::OnReply(Ref, Flags, Error error, const char* name, const char*, const char*, void* context) {
  auto& self = *static_cast<Announcement*>(context);
  if (error != kNoError) return self.Fail(error);
  // Avahi's library always renames on a conflict.
  if (name == nullptr || self.options_.instance != name) return self.Fail(kNameConflict);
  if (const auto announced = std::exchange(self.listener_.announced, nullptr)) announced();
}

}  // namespace

std::unique_ptr<Publication> Backend::Announce(const SessionOptions& options, AnnounceListener listener) {
  auto announcement = std::make_unique<Announcement>(*this, options, listener);
  if (const Error error = announcement->Start(); error != kNoError) listener.failed(FailedBy(error));
  return announcement;
}

}  // namespace tcpnet::dns_sd
