#ifndef TCPNET_NODE_SESSION_H_
#define TCPNET_NODE_SESSION_H_

#include <napi.h>

#include "node/environment.h"

namespace tcpnet {

/** `openSession(options, onEvent)` of src/addon.ts. */
Napi::Value OpenSession(const Napi::CallbackInfo& info, Environment& environment);

/** `queryAddresses(host, interfaceIndex, timeoutMs, done)` of src/addon.ts. */
void QueryAddresses(const Napi::CallbackInfo& info, Environment& environment);

}  // namespace tcpnet

#endif  // TCPNET_NODE_SESSION_H_
