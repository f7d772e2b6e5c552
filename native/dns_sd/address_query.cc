#include "dns_sd/address_query.h"

#include <algorithm>
#include <utility>

namespace tcpnet::dns_sd {

namespace {

/** How long after an answer another one of a family that has answered may come: they are in one packet. */
constexpr std::chrono::milliseconds kSameFamily{10};
/** How long the other family may take: a question waits 20 to 120 ms for others to go with it (RFC 6762 section 5.2).
 */
constexpr std::chrono::milliseconds kOtherFamily{150};

}  // namespace

AddressQuery::AddressQuery(Loop& loop, const Api& api, Done done)
    : loop_(loop),
      api_(api),
      done_(std::move(done)),
      first_(loop, api),
      second_(loop, api),
      deadline_(loop.AddTimer([this] { Finish(kNoError); })),
      quiet_(loop.AddTimer([this] { Finish(kNoError); })) {}

AddressQuery::~AddressQuery() {
  loop_.Remove(deadline_);
  loop_.Remove(quiet_);
}

void AddressQuery::Start(const std::string& host, uint32_t interface_index, std::chrono::milliseconds timeout) {
  Loop::Arm(deadline_, timeout);
  const Error error =
      api_.GetAddrInfo != nullptr ? StartBoth(host, interface_index) : StartRecords(host, interface_index);
  if (error != kNoError) Finish(error);
}

Error AddressQuery::StartBoth(const std::string& host, uint32_t interface_index) {
  return first_.Start(
      nullptr,
      [&](Ref* ref) {
        return api_.GetAddrInfo(ref, 0, interface_index, kBothProtocols, host.c_str(), OnAddress, this);
      },
      [this](Error error) { Finish(error); });
}

Error AddressQuery::StartRecords(const std::string& host, uint32_t interface_index) {
  const auto start = [&](Operation& operation, uint16_t type) {
    return operation.Start(
        nullptr,
        [&](Ref* ref) {
          return api_.QueryRecord(ref, 0, interface_index, host.c_str(), type, kClassIn, OnRecord, this);
        },
        [this](Error error) { Finish(error); });
  };
  const Error error = start(first_, kTypeA);
  return error != kNoError ? error : start(second_, kTypeAaaa);
}

void AddressQuery::OnAddress(Ref, Flags flags, uint32_t, Error error, const char*, const sockaddr* address, uint32_t,
                             void* context) {
  const bool found = error == kNoError && address != nullptr;
  static_cast<AddressQuery*>(context)->Answer(flags, error, found ? AddressOf(*address) : Address{});
}

void AddressQuery::OnRecord(Ref, Flags flags, uint32_t, Error error, const char*, uint16_t, uint16_t, uint16_t size,
                            const void* data, uint32_t, void* context) {
  static_cast<AddressQuery*>(context)->Answer(flags, error, error == kNoError ? AddressOf(data, size) : Address{});
}

void AddressQuery::Answer(Flags flags, Error error, const Address& address) {
  if (FailureOf(error) == Failure::kDaemon) return Finish(error);
  if (error != kNoError || address.family == 0) return;  // there is none of this family
  const auto known = std::find(addresses_.begin(), addresses_.end(), address);
  if ((flags & kAdd) == 0) {
    if (known != addresses_.end()) addresses_.erase(known);
  } else if (known == addresses_.end()) {
    addresses_.push_back(address);
  }
  if ((flags & kMoreComing) != 0 || addresses_.empty()) return;
  const auto other = [this](const Address& one) { return one.family != addresses_.front().family; };
  const bool both = std::any_of(addresses_.begin(), addresses_.end(), other);
  Loop::Arm(quiet_, both ? kSameFamily : kOtherFamily);
}

void AddressQuery::Finish(Error error) {
  if (!done_) return;
  const Done done = std::exchange(done_, nullptr);
  std::string said;
  if (error != kNoError) {
    said = Describe(api_, error);
  } else if (addresses_.empty()) {
    said = "no address was found in time";
  }
  done(said, addresses_);
}

}  // namespace tcpnet::dns_sd
