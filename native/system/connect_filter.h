#pragma once

#include <vector>

#include "system/address.h"

namespace tcpnet {

/** What happens to attempts to connect that come from one of the listed addresses; the opposite happens to all others.
 */
enum class Verdict { kDrop, kPass };

/**
 * Has the kernel drop attempts to connect to a listening TCP socket, by the address that they come from, before
 * anything is made of them. Connections that exist, and those whose handshake has begun, are not affected. Linux only;
 * no privilege is needed. To drop those of no address removes the filter. Addresses beyond the first 64 are not listed.
 *
 * @returns 0, or an errno; ENOSYS on other systems
 */
int FilterConnects(int fd, Verdict listed, const std::vector<Address>& addresses);

}  // namespace tcpnet
