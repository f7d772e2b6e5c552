#pragma once

namespace tcpnet {

/**
 * Whether it is certain that no multicast DNS responder runs in this thread's network namespace: every daemon has a
 * socket that receives UDP of port 5353 at all addresses, beside which none can be bound that does not share its
 * address. Takes some microseconds and sends nothing. False on systems that have no network namespaces: Linux has.
 */
bool HasNoResponder();

}  // namespace tcpnet
