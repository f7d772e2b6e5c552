#include "node/convert.h"

#include <cmath>
#include <limits>

#include "avahi/backend.h"
#include "dns_sd/backend.h"

namespace tcpnet {

namespace {

template <typename Item>
Napi::Array ArrayToJs(Napi::Env env, const std::vector<Item>& items, Napi::Value (*convert)(Napi::Env, const Item&)) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (size_t i = 0; i < items.size(); i++) array.Set(static_cast<uint32_t>(i), convert(env, items[i]));
  return array;
}

Napi::Object EventObject(Napi::Env env, const char* type) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("type", type);
  return object;
}

Napi::Object InstanceEvent(Napi::Env env, const char* type, const std::string& uuid) {
  Napi::Object object = EventObject(env, type);
  object.Set("uuid", uuid);
  return object;
}

/** In the order of Failure and of Origin. */
constexpr const char* kFailures[] = {"library", "daemon", "conflict", "refused"};
constexpr const char* kOrigins[] = {"unknown", "this machine", "another machine"};

struct EventConverter {
  Napi::Env env;

  Napi::Value operator()(const Elsewhere&) const { return EventObject(env, "elsewhere"); }
  Napi::Value operator()(const DaemonHost& host) const {
    Napi::Object object = EventObject(env, "daemonHost");
    object.Set("addresses", ToJs(env, host.addresses));
    return object;
  }
  Napi::Value operator()(const Answered&) const { return EventObject(env, "answered"); }
  Napi::Value operator()(const Announced&) const { return EventObject(env, "announced"); }
  Napi::Value operator()(const Seen& seen) const { return InstanceEvent(env, "seen", seen.uuid); }
  Napi::Value operator()(const Gone& gone) const { return InstanceEvent(env, "gone", gone.uuid); }

  Napi::Value operator()(const Failed& failed) const {
    Napi::Object object = EventObject(env, "failed");
    object.Set("failure", kFailures[static_cast<size_t>(failed.failure)]);
    object.Set("message", failed.message);
    return object;
  }
};

/** The property `key`; undefined if there is none or a getter throws. */
Napi::Value Property(const Napi::Object& object, const char* key) {
  Napi::MaybeOrValue<Napi::Value> value = object.Get(key);
  return object.Env().IsExceptionPending() ? object.Env().Undefined() : Napi::Value(value);
}

/** A whole number from `min` to `max`. */
template <typename Number>
bool Read(const Napi::Object& object, const char* key, Number min, Number max, Number& into) {
  const Napi::Value value = Property(object, key);
  if (!value.IsNumber()) return false;
  const double number = value.As<Napi::Number>().DoubleValue();
  if (std::floor(number) != number || number < min || number > max) return false;
  into = static_cast<Number>(number);
  return true;
}

bool Read(const Napi::Object& object, const char* key, std::string& into) {
  const Napi::Value value = Property(object, key);
  if (!value.IsString()) return false;
  into = value.As<Napi::String>().Utf8Value();
  return true;
}

bool Read(const Napi::Value& value, std::vector<std::string>& into) {
  if (!value.IsArray()) return false;
  const Napi::Array array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Value item = array[i];
    if (!item.IsString()) return false;
    into.push_back(item.As<Napi::String>().Utf8Value());
  }
  return true;
}

bool Read(const Napi::Object& object, const char* key, std::vector<std::string>& into) {
  return Read(Property(object, key), into);
}

/** False where there is something else than null, undefined or a whole one. */
bool ReadOwnHost(const Napi::Value& value, std::optional<OwnHost>& into) {
  if (value.IsNull() || value.IsUndefined()) return true;
  if (!value.IsObject()) return false;
  const Napi::Value is_needed = Property(value.As<Napi::Object>(), "isNeeded");
  auto addresses = AddressesFromJs(Property(value.As<Napi::Object>(), "addresses"));
  if (!addresses || !is_needed.IsBoolean()) return false;
  into = OwnHost{std::move(*addresses), is_needed.As<Napi::Boolean>().Value()};
  return true;
}

Napi::Value AddressToJs(Napi::Env env, const Address& address) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("family", address.family);
  object.Set("address", address.text);
  return object;
}

Napi::Value PathToJs(Napi::Env env, const Path& path) {
  Napi::Object object = AddressToJs(env, path.address).As<Napi::Object>();
  object.Set("interfaceIndex", path.interface_index);
  object.Set("origin", kOrigins[static_cast<size_t>(path.origin)]);
  return object;
}

Napi::Value InterfaceToJs(Napi::Env env, const InterfaceAddress& entry) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("index", entry.index);
  object.Set("name", entry.name);
  object.Set("family", entry.family);
  object.Set("address", entry.address);
  object.Set("prefixLength", entry.prefix_length);
  object.Set("loopback", entry.loopback);
  object.Set("up", entry.up);
  return object;
}

}  // namespace

Napi::Value ToJs(Napi::Env env, const SessionEvent& event) {
  return std::visit(EventConverter{env}, event);
}

Napi::Value ToJs(Napi::Env env, const std::optional<Location>& location) {
  if (!location) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object.Set("host", location->service.host);
  object.Set("port", location->service.port);
  object.Set("txt", ArrayToJs<std::string>(env, location->service.txt, [](Napi::Env in, const std::string& text) {
               return Napi::Value(Napi::String::New(in, text));
             }));
  object.Set("paths", ArrayToJs<Path>(env, location->paths, PathToJs));
  return object;
}

Napi::Value ToJs(Napi::Env env, const std::vector<Address>& addresses) {
  return ArrayToJs<Address>(env, addresses, AddressToJs);
}

Napi::Value ToJs(Napi::Env env, const std::vector<InterfaceAddress>& interfaces) {
  return ArrayToJs<InterfaceAddress>(env, interfaces, InterfaceToJs);
}

Napi::Value ErrorToJs(Napi::Env env, const std::string& error) {
  return error.empty() ? env.Null() : Napi::Value(Napi::String::New(env, error));
}

std::optional<DeadPeerOptions> DeadPeerOptionsFromJs(const Napi::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  const Napi::Object object = value.As<Napi::Object>();
  constexpr int kMax = std::numeric_limits<int>::max();
  DeadPeerOptions options{};
  const bool complete =
      Read(object, "idle", 1, kMax, options.idle_s) && Read(object, "interval", 1, kMax, options.interval_s) &&
      Read(object, "count", 1, kMax, options.count) && Read(object, "dropTime", 1, kMax, options.drop_time_s);
  return complete ? std::optional(options) : std::nullopt;
}

std::optional<std::vector<Address>> AddressesFromJs(const Napi::Value& value) {
  std::vector<std::string> texts;
  if (!Read(value, texts)) return std::nullopt;
  std::vector<Address> addresses;
  for (const std::string& text : texts) {
    const Address address{text.find(':') == std::string::npos ? 4 : 6, text};
    if (!IsAddress(address)) return std::nullopt;
    AddTo(addresses, address);
  }
  return addresses;
}

std::optional<SessionOptions> SessionOptionsFromJs(const Napi::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  const Napi::Object object = value.As<Napi::Object>();
  SessionOptions options{};
  const Napi::Value probe = Property(object, "probe");
  const bool complete =
      Read(object, "type", options.type) && Read(object, "instance", options.instance) &&
      Read<uint16_t>(object, "port", 1, 65535, options.port) && Read(object, "txt", options.txt) &&
      Read<uint32_t>(object, "interfaceIndex", 0, std::numeric_limits<int>::max(), options.interface_index) &&
      probe.IsBoolean();
  if (!complete || !ReadOwnHost(Property(object, "ownHost"), options.own_host)) return std::nullopt;
  options.probe = probe.As<Napi::Boolean>().Value();
  return options;
}

BackendMaker* BackendFromJs(const Napi::Value& options) {
  std::string name;
  if (!options.IsObject() || !Read(options.As<Napi::Object>(), "backend", name)) return nullptr;
  if (name == "avahi") return avahi::MakeBackend;
  if (name == "bonjour") return dns_sd::MakeBackend;
  return nullptr;
}

Napi::Value ThrowTypeError(Napi::Env env, const char* message) {
  if (!env.IsExceptionPending()) Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace tcpnet
