#pragma once

namespace tcpnet {

/**
 * Whether it is certain that no multicast DNS responder runs in this thread's network namespace: no socket there
 * receives UDP of port 5353 at every address, as those of every daemon do. False where the system does not tell: Linux
 * does.
 */
bool HasNoResponder();

}  // namespace tcpnet
