#include <napi.h>

#include "dns_sd/api.h"
#include "node/convert.h"
#include "node/discovery.h"
#include "node/environment.h"
#include "system/interfaces.h"
#include "system/socket_options.h"

namespace tcpnet {

namespace {

Napi::Value Interfaces(const Napi::CallbackInfo& info) {
  return ToJs(info.Env(), ReadInterfaces());
}

Napi::Value DeadPeer(const Napi::CallbackInfo& info) {
  const auto options = DeadPeerOptionsFromJs(info[1]);
  if (!info[0].IsNumber() || !options) {
    return ThrowTypeError(info.Env(), "setDeadPeerOptions takes a file descriptor and complete DeadPeerOptions");
  }
  return Napi::Number::New(info.Env(), SetDeadPeerOptions(info[0].As<Napi::Number>().Int32Value(), *options));
}

Napi::Value Silence(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) return ThrowTypeError(info.Env(), "silenceMs takes a file descriptor");
  return Napi::Number::New(info.Env(), SilenceMs(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Value KernelClosed(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) return ThrowTypeError(info.Env(), "isClosed takes a file descriptor");
  return Napi::Boolean::New(info.Env(), IsClosed(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Value RoundTrip(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) return ThrowTypeError(info.Env(), "roundTripUs takes a file descriptor");
  return Napi::Number::New(info.Env(), RoundTripUs(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Value Unacknowledged(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) return ThrowTypeError(info.Env(), "unacknowledgedBytes takes a file descriptor");
  return Napi::Number::New(info.Env(), UnacknowledgedBytes(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Value PrepareDnsSd(const Napi::CallbackInfo& info) {
  dns_sd::PrepareLibrary();
  return info.Env().Undefined();
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment(env);  // owned by the instance data
  env.SetInstanceData(environment);
  exports.Set("interfaces", Napi::Function::New(env, Interfaces, "interfaces"));
  exports.Set("setDeadPeerOptions", Napi::Function::New(env, DeadPeer, "setDeadPeerOptions"));
  exports.Set("silenceMs", Napi::Function::New(env, Silence, "silenceMs"));
  exports.Set("isClosed", Napi::Function::New(env, KernelClosed, "isClosed"));
  exports.Set("roundTripUs", Napi::Function::New(env, RoundTrip, "roundTripUs"));
  exports.Set("unacknowledgedBytes", Napi::Function::New(env, Unacknowledged, "unacknowledgedBytes"));
  const auto open = [environment](const Napi::CallbackInfo& info) { return OpenSession(info, *environment); };
  exports.Set("openSession", Napi::Function::New(env, open, "openSession"));
  const auto query = [environment](const Napi::CallbackInfo& info) { QueryAddresses(info, *environment); };
  exports.Set("queryAddresses", Napi::Function::New(env, query, "queryAddresses"));
  exports.Set("prepareDnsSd", Napi::Function::New(env, PrepareDnsSd, "prepareDnsSd"));
  return exports;
}

}  // namespace

NODE_API_MODULE(tcpnet, Init)

}  // namespace tcpnet
