#pragma once

#include <napi.h>

#include <optional>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/events.h"
#include "system/interfaces.h"
#include "system/socket_options.h"

/** Converts values between C++ and the types of src/addon.ts. JavaScript thread. */
namespace tcpnet {

Napi::Value ToJs(Napi::Env env, const SessionEvent& event);
/** Null if there is no location. */
Napi::Value ToJs(Napi::Env env, const std::optional<Location>& location);
Napi::Value ToJs(Napi::Env env, const std::vector<Address>& addresses);
Napi::Value ToJs(Napi::Env env, const std::vector<InterfaceAddress>& interfaces);
/** A string, or null for the empty one. */
Napi::Value ErrorToJs(Napi::Env env, const std::string& error);

/** Nothing if a property is missing or has the wrong type. */
std::optional<DeadPeerOptions> DeadPeerOptionsFromJs(const Napi::Value& value);
std::optional<SessionOptions> SessionOptionsFromJs(const Napi::Value& value);
/** Nothing where the value is no array of IP addresses. */
std::optional<std::vector<Address>> AddressesFromJs(const Napi::Value& value);
/** What makes the back-end that session options name; null where they name none. */
BackendMaker* BackendFromJs(const Napi::Value& options);

/** Throws, unless an exception is pending already; returns undefined. */
Napi::Value ThrowTypeError(Napi::Env env, const char* message);

}  // namespace tcpnet
