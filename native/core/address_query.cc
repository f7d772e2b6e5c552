#include "core/address_query.h"

#include <algorithm>
#include <utility>

namespace tcpnet {

namespace {

/** How long to wait after an answer if both families have answered: the addresses of a family are in one packet. */
constexpr std::chrono::milliseconds kSameFamily{10};
/** How long to wait for the other family: a question is delayed by 20 to 120 ms (RFC 6762 section 5.2). */
constexpr std::chrono::milliseconds kOtherFamily{150};

}  // namespace

AddressQuery::AddressQuery(Loop& loop, std::shared_ptr<Connection> connection, Done done, IsEnough is_enough)
    : connection_(std::move(connection)),
      done_(std::move(done)),
      is_enough_(std::move(is_enough)),
      end_(loop.AddTimer([this] { Finish(); })) {}

void AddressQuery::Start(const std::string& host, uint32_t interface_index, std::chrono::milliseconds timeout) {
  Loop::Arm(end_, timeout);
  lookup_ = connection_->backend().LookUpHost(host, {interface_index, 4, {}},
                                              [this](const Address& address) { OnAddress(address); });
  if (lookup_ == nullptr) Loop::Arm(end_, std::chrono::milliseconds(0));
}

void AddressQuery::Close() {
  Loop::Remove(end_);
  if (lookup_ != nullptr) lookup_->Close();
}

void AddressQuery::OnAddress(const Address& address) {
  if (is_complete_ || !AddTo(addresses_, address)) return;
  is_complete_ = is_enough_ != nullptr && is_enough_(address);
  if (is_complete_) return Loop::Arm(end_, std::chrono::milliseconds(0));
  const auto is_other = [this](const Address& one) { return one.family != addresses_.front().family; };
  const bool both = std::any_of(addresses_.begin(), addresses_.end(), is_other);
  Loop::Arm(end_, both ? kSameFamily : kOtherFamily);
}

void AddressQuery::Finish() {
  std::string error;
  if (addresses_.empty()) error = "no address was found in time";
  if (lookup_ == nullptr) error = "the DNS-SD daemon refused the query, or does not answer";
  done_({error, addresses_});
}

}  // namespace tcpnet
