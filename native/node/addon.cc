#include <napi.h>

#include <string>

#include "dns_sd/api.h"
#include "node/convert.h"
#include "node/discovery.h"
#include "node/environment.h"
#include "system/connect_filter.h"
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

Napi::Value Filter(const Napi::CallbackInfo& info) {
  const std::string verdict = info[1].IsString() ? info[1].As<Napi::String>().Utf8Value() : "";
  const auto addresses = AddressesFromJs(info[2]);
  if (!info[0].IsNumber() || (verdict != "drop" && verdict != "pass") || !addresses) {
    return ThrowTypeError(info.Env(),
                          "filterConnects takes a file descriptor, drop or pass, and an array of IP addresses");
  }
  const Verdict listed = verdict == "drop" ? Verdict::kDrop : Verdict::kPass;
  return Napi::Number::New(info.Env(), FilterConnects(info[0].As<Napi::Number>().Int32Value(), listed, *addresses));
}

/** Makes a JavaScript function of one that takes a TCP socket's file descriptor. */
template <typename Js, auto function>
Napi::Value OfSocket(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber()) {
    const std::string message = std::string(static_cast<const char*>(info.Data())) + " takes a file descriptor";
    return ThrowTypeError(info.Env(), message.c_str());
  }
  return Js::New(info.Env(), function(info[0].As<Napi::Number>().Int32Value()));
}

template <typename Js, auto function>
void SetOfSocket(Napi::Object exports, const char* name) {
  // The name is the function's data, for its error; as a literal it lives as long as the program.
  exports.Set(name, Napi::Function::New(exports.Env(), OfSocket<Js, function>, name, const_cast<char*>(name)));
}

Napi::Value ReceiveInto(const Napi::CallbackInfo& info) {
  if (!info[0].IsNumber() || !info[1].IsBuffer()) {
    return ThrowTypeError(info.Env(), "receive takes a file descriptor and a Buffer");
  }
  const auto into = info[1].As<Napi::Buffer<char>>();
  return Napi::Number::New(info.Env(), Receive(info[0].As<Napi::Number>().Int32Value(), into.Data(), into.Length()));
}

Napi::Value PrepareDnsSd(const Napi::CallbackInfo& info) {
  dns_sd::PrepareLibrary();
  return info.Env().Undefined();
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment(env);  // owned by the instance data
  env.SetInstanceData(environment);
  exports.Set("interfaces", Napi::Function::New(env, Interfaces, "interfaces"));
  const auto changes = [environment](const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), environment->InterfaceChanges());
  };
  exports.Set("interfaceChanges", Napi::Function::New(env, changes, "interfaceChanges"));
  exports.Set("setDeadPeerOptions", Napi::Function::New(env, DeadPeer, "setDeadPeerOptions"));
  exports.Set("filterConnects", Napi::Function::New(env, Filter, "filterConnects"));
  SetOfSocket<Napi::Number, SilenceMs>(exports, "silenceMs");
  SetOfSocket<Napi::Number, SegmentsIn>(exports, "segmentsIn");
  SetOfSocket<Napi::Boolean, IsClosed>(exports, "isClosed");
  SetOfSocket<Napi::Number, RoundTripUs>(exports, "roundTripUs");
  SetOfSocket<Napi::Number, UnacknowledgedBytes>(exports, "unacknowledgedBytes");
  exports.Set("receive", Napi::Function::New(env, ReceiveInto, "receive"));
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
