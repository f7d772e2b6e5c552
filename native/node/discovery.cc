#include "node/discovery.h"

#include "node/convert.h"

namespace tcpnet {

namespace {

Napi::Value Locate(const Napi::CallbackInfo& info, Environment& environment, uint64_t session) {
  if (!info[0].IsString() || !info[1].IsFunction()) {
    return ThrowTypeError(info.Env(), "locate takes a uuid and a function");
  }
  const uint64_t id = environment.Locate(session, info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::Function>());
  const auto cancel = [&environment, id](const Napi::CallbackInfo& call) {
    environment.CancelLocate(id);
    return call.Env().Undefined();
  };
  return Napi::Function::New(info.Env(), cancel, "cancel");
}

}  // namespace

Napi::Value OpenSession(const Napi::CallbackInfo& info, Environment& environment) {
  const Napi::Env env = info.Env();
  BackendMaker* const backend = BackendFromJs(info[0]);
  if (backend == nullptr) return ThrowTypeError(env, "options.backend must be 'avahi' or 'bonjour'");
  const auto options = SessionOptionsFromJs(info[0]);
  if (!options) return ThrowTypeError(env, "options must be a complete SessionOptions object");
  if (!info[1].IsFunction()) return ThrowTypeError(env, "onEvent must be a function");
  const uint64_t id = environment.Open(backend, *options, info[1].As<Napi::Function>());
  if (id == 0) return env.Undefined();
  // The environment's instance data outlives every function of the environment.
  const auto close = [&environment, id](const Napi::CallbackInfo& call) {
    if (!call[0].IsFunction()) return ThrowTypeError(call.Env(), "done must be a function");
    environment.Close(id, call[0].As<Napi::Function>());
    return call.Env().Undefined();
  };
  const auto set_addresses = [&environment, id](const Napi::CallbackInfo& call) {
    auto addresses = AddressesFromJs(call[0]);
    if (!addresses) return ThrowTypeError(call.Env(), "setAddresses takes addresses");
    environment.SetAddresses(id, std::move(*addresses));
    return call.Env().Undefined();
  };
  const auto locate = [&environment, id](const Napi::CallbackInfo& call) { return Locate(call, environment, id); };
  const auto give_up = [&environment, id](const Napi::CallbackInfo& call) {
    return Napi::Boolean::New(call.Env(), environment.GiveUp(id));
  };
  Napi::Object session = Napi::Object::New(env);
  session.Set("giveUp", Napi::Function::New(env, give_up, "giveUp"));
  session.Set("close", Napi::Function::New(env, close, "close"));
  session.Set("setAddresses", Napi::Function::New(env, set_addresses, "setAddresses"));
  session.Set("locate", Napi::Function::New(env, locate, "locate"));
  return session;
}

Napi::Value QueryAddresses(const Napi::CallbackInfo& info, Environment& environment) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsNumber() || !info[2].IsNumber() || !info[3].IsFunction()) {
    return ThrowTypeError(env, "queryAddresses takes a host name, an interface's index, milliseconds and a function");
  }
  environment.Query(info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::Number>().Uint32Value(),
                    std::chrono::milliseconds(info[2].As<Napi::Number>().Uint32Value()), info[3].As<Napi::Function>());
  return env.Undefined();
}

}  // namespace tcpnet
