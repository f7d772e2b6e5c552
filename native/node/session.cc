#include "node/session.h"

#include "node/convert.h"

namespace tcpnet {

namespace {

Napi::Value ThrowTypeError(Napi::Env env, const char* message) {
  if (!env.IsExceptionPending()) Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace

Napi::Value OpenSession(const Napi::CallbackInfo& info, Environment& environment) {
  const Napi::Env env = info.Env();
  const auto backend = BackendNameFromJs(info[0]);
  if (!backend) return ThrowTypeError(env, "options.backend must be 'avahi' or 'bonjour'");
  const auto options = SessionOptionsFromJs(info[0]);
  if (!options) return ThrowTypeError(env, "options must be a complete SessionOptions object");
  if (!info[1].IsFunction()) return ThrowTypeError(env, "onEvent must be a function");
  const uint64_t id = environment.Open(*backend, *options, info[1].As<Napi::Function>());
  if (id == 0) return env.Undefined();
  // The environment's instance data outlives every function of the environment.
  const auto close = [&environment, id](const Napi::CallbackInfo& call) {
    if (!call[0].IsFunction()) return ThrowTypeError(call.Env(), "done must be a function");
    environment.Close(id, call[0].As<Napi::Function>());
    return call.Env().Undefined();
  };
  Napi::Object session = Napi::Object::New(env);
  const auto locate = [&environment, id](const Napi::CallbackInfo& call) {
    if (!call[0].IsString() || !call[1].IsFunction()) {
      return ThrowTypeError(call.Env(), "locate takes a uuid and a function");
    }
    const uint64_t question =
        environment.Locate(id, call[0].As<Napi::String>().Utf8Value(), call[1].As<Napi::Function>());
    const auto cancel = [&environment, id, question](const Napi::CallbackInfo& cancelled) {
      environment.CancelLocate(id, question);
      return cancelled.Env().Undefined();
    };
    return Napi::Value(Napi::Function::New(call.Env(), cancel, "cancel"));
  };
  const auto give_up = [&environment, id](const Napi::CallbackInfo& call) {
    return Napi::Value(Napi::Boolean::New(call.Env(), environment.GiveUp(id)));
  };
  session.Set("giveUp", Napi::Function::New(env, give_up, "giveUp"));
  session.Set("close", Napi::Function::New(env, close, "close"));
  session.Set("locate", Napi::Function::New(env, locate, "locate"));
  return session;
}

void QueryAddresses(const Napi::CallbackInfo& info, Environment& environment) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsNumber() || !info[2].IsNumber() || !info[3].IsFunction()) {
    ThrowTypeError(env, "queryAddresses takes a host name, an interface's index, milliseconds and a function");
    return;
  }
  environment.Query(info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::Number>().Uint32Value(),
                    info[2].As<Napi::Number>().Uint32Value(), info[3].As<Napi::Function>());
}

}  // namespace tcpnet
