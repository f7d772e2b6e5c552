#include "dns_sd/activities.h"

#include <arpa/inet.h>
#include <strings.h>

#include <string_view>
#include <utility>

#include "core/dns_data.h"

namespace tcpnet::dns_sd {

namespace {

/** The one domain of multicast DNS; others would be looked up by unicast. */
constexpr const char* kDomain = "local.";

std::string WithoutDot(std::string name) {
  if (!name.empty() && name.back() == '.') name.pop_back();
  return name;
}

/** Whether a name, without the last dot, is one of multicast DNS. */
bool IsLocal(const std::string& name) {
  constexpr std::string_view kSuffix = ".local";
  return name.size() > kSuffix.size() && strcasecmp(name.c_str() + name.size() - kSuffix.size(), kSuffix.data()) == 0;
}

/** Whether a name, without the last dot, is this machine's on its loopback interface (RFC 6761 section 6.3). */
bool IsLocalhost(const std::string& name) {
  return strcasecmp(name.c_str(), "localhost") == 0;
}

}  // namespace

Announcement::Announcement(Link& link, const SessionOptions& options, std::function<void()> announced,
                           std::function<void(const Failed&)> failed)
    : link_(link),
      options_(options),
      announced_(std::move(announced)),
      failed_(std::move(failed)),
      operation_(link.loop(), link.api()) {}

Error Announcement::Start() {
  // Avahi's library is asked for all at once: the permission is taken after that, and nothing stands in for the daemon
  // there.
  if (!link_.takes_flags()) return Register(0);
  if (const Error error = link_.Ping(); error != kNoError) return error;
  if (!options_.permission->Take()) return kNoError;
  if (options_.probe) return Register(kNoAutoRename);
  const Error error = Register(kNoAutoRename | kKnownUnique);
  // A library that does not know the newer flag: then the name is probed for.
  return error == kNoError || FailureOf(error) != Failure::kRefused ? error : Register(kNoAutoRename);
}

Error Announcement::Register(Flags own_flags) {
  const std::string txt = TxtData(options_.txt);
  return link_.Start(operation_, [&](Ref* ref, Flags flags) {
    return link_.api().Register(ref, flags | own_flags, link_.ToDaemon(options_.interface_index),
                                options_.instance.c_str(), options_.type.c_str(), kDomain, nullptr,
                                htons(options_.port), static_cast<uint16_t>(txt.size()), txt.data(), OnReply, this);
  });
}

void Announcement::OnReply(Ref, Flags, Error error, const char* name, const char*, const char*, void* context) {
  auto& self = *static_cast<Announcement*>(context);
  if (error != kNoError) return self.failed_(self.link_.FailedBy(error));
  // Avahi's library cannot be told not to rename.
  if (name == nullptr || self.options_.instance != name) return self.failed_(self.link_.FailedBy(kNameConflict));
  if (const auto announced = std::exchange(self.announced_, nullptr)) announced();
}

Browse::Browse(Link& link, BrowseListener listener)
    : link_(link), listener_(std::move(listener)), operation_(link.loop(), link.api()) {}

Error Browse::Start(const std::string& type, uint32_t interface_index) {
  const uint32_t index = link_.ToDaemon(interface_index);
  local_only_ = index == kLocalOnly;
  return link_.Start(operation_, [&](Ref* ref, Flags flags) {
    return link_.api().Browse(ref, flags, index, type.c_str(), kDomain, OnReply, this);
  });
}

void Browse::OnReply(Ref, Flags flags, uint32_t interface_index, Error error, const char* name, const char*,
                     const char* domain, void* context) {
  auto& self = *static_cast<Browse*>(context);
  if (error != kNoError) return self.listener_.failed(self.link_.FailedBy(error));
  if (name == nullptr || domain == nullptr) return;
  // Apple's daemon answers such a browse with all that is announced on this machine.
  if (self.local_only_ && interface_index != kLocalOnly) return;
  const Place place{name, self.link_.FromDaemon(interface_index), 4};
  if ((flags & kAdd) != 0) {
    self.listener_.appeared(place, domain, Origin::kUnknown);
  } else {
    self.listener_.vanished(place);
  }
}

ServiceLookup::ServiceLookup(Link& link, Callback found)
    : link_(link), found_(std::move(found)), operation_(link.loop(), link.api()) {}

Error ServiceLookup::Start(const Target& target) {
  local_only_ = link_.ToDaemon(target.place.interface_index) == kLocalOnly;
  return link_.Start(operation_, [&](Ref* ref, Flags flags) {
    return link_.api().Resolve(ref, flags, link_.ToDaemon(target.place.interface_index), target.place.instance.c_str(),
                               target.type.c_str(), target.domain.c_str(), OnReply, this);
  });
}

/** An error says that no answer has come so far, or that the connection broke, which others are told as well. */
void ServiceLookup::OnReply(Ref, Flags, uint32_t, Error error, const char*, const char* host, uint16_t port,
                            uint16_t txt_size, const unsigned char* txt, void* context) {
  if (error != kNoError || host == nullptr) return;
  auto& self = *static_cast<ServiceLookup*>(context);
  const std::string name = WithoutDot(host);
  // Apple's daemon announces services that are on this machine alone under the name "localhost".
  if (!IsLocal(name) && !(self.local_only_ && IsLocalhost(name))) return;
  self.found_({name, ntohs(port), TxtStrings(txt, txt_size)});
}

HostLookup::HostLookup(Link& link, Callback changed)
    : link_(link), changed_(std::move(changed)), first_(link.loop(), link.api()), second_(link.loop(), link.api()) {}

Error HostLookup::Start(const HostKey& host) {
  const uint32_t interface_index = link_.ToDaemon(host.interface_index);
  if (interface_index == kLocalOnly) {
    // What is served on loopback alone is on this machine.
    changed_({4, "127.0.0.1"}, true);
    changed_({6, "::1"}, true);
    return kNoError;
  }
  if (link_.api().GetAddrInfo == nullptr) return StartRecords(host);
  return link_.Start(first_, [&](Ref* ref, Flags flags) {
    return link_.api().GetAddrInfo(ref, flags, interface_index, kBothProtocols, host.name.c_str(), OnAddress, this);
  });
}

Error HostLookup::StartRecords(const HostKey& host) {
  const auto start = [&](Operation& operation, uint16_t type) {
    return link_.Start(operation, [&](Ref* ref, Flags flags) {
      return link_.api().QueryRecord(ref, flags, host.interface_index, host.name.c_str(), type, kClassIn, OnRecord,
                                     this);
    });
  };
  const Error error = start(first_, kTypeA);
  return error != kNoError ? error : start(second_, kTypeAaaa);
}

void HostLookup::OnAddress(Ref, Flags flags, uint32_t, Error error, const char*, const sockaddr* address, uint32_t,
                           void* context) {
  if (error != kNoError || address == nullptr) return;
  static_cast<HostLookup*>(context)->Change(AddressOf(*address), (flags & kAdd) != 0);
}

void HostLookup::OnRecord(Ref, Flags flags, uint32_t, Error error, const char*, uint16_t, uint16_t, uint16_t size,
                          const void* data, uint32_t, void* context) {
  if (error != kNoError) return;
  static_cast<HostLookup*>(context)->Change(AddressOf(data, size), (flags & kAdd) != 0);
}

void HostLookup::Change(const Address& address, bool added) {
  if (address.family == 0) return;
  const auto known = counts_.find(address.text);
  if (known == counts_.end()) {
    if (!added || counts_.size() >= kMaxAddresses) return;
    counts_[address.text] = 1;
    return changed_(address, true);
  }
  known->second += added ? 1 : -1;
  if (known->second > 0) return;
  counts_.erase(known);
  changed_(address, false);
}

}  // namespace tcpnet::dns_sd
