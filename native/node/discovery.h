#pragma once

#include <napi.h>

#include "node/environment.h"

/** The functions of src/addon.ts that talk to a daemon. JavaScript thread. */
namespace tcpnet {

/** `openSession(options, onEvent)`. */
Napi::Value OpenSession(const Napi::CallbackInfo& info, Environment& environment);

/** `queryAddresses(host, interfaceIndex, timeoutMs, done)`. */
Napi::Value QueryAddresses(const Napi::CallbackInfo& info, Environment& environment);

}  // namespace tcpnet
