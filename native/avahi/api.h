#pragma once

#include <sys/time.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/events.h"
#include "system/library.h"

namespace tcpnet::avahi {

/** The declarations of libavahi-client's headers that are used here: its binary interface, version 3. */
struct Client;
struct EntryGroup;
struct ServiceBrowser;
struct ServiceResolver;
struct RecordBrowser;

constexpr int kAnyInterface = -1;
constexpr int kInet = 0;
constexpr int kInet6 = 1;
constexpr int kAnyProtocol = -1;

constexpr int kIgnoreUserConfig = 1;

constexpr int kClientRunning = 2;
constexpr int kClientFailure = 100;

constexpr int kGroupEstablished = 2;
constexpr int kGroupCollision = 3;
constexpr int kGroupFailure = 4;

constexpr int kPublishUnique = 1;
constexpr int kPublishNoProbe = 2;
constexpr int kPublishAllowMultiple = 8;  // of a unique name: other records of this host, too

constexpr int kLookupMulticast = 2;  // for any domain: an untrusted name must not be sent to DNS servers
constexpr int kLookupNoAddress = 8;

constexpr int kResultLocal = 8;  // of a browser's kBrowserNew: this daemon announces the service itself

constexpr int kBrowserNew = 0;
constexpr int kBrowserRemove = 1;
constexpr int kBrowserFailure = 4;

constexpr int kResolverFound = 0;

constexpr uint16_t kClassIn = 1;
constexpr uint16_t kTypeA = 1;
constexpr uint16_t kTypePtr = 12;
constexpr uint16_t kTypeTxt = 16;
constexpr uint16_t kTypeAaaa = 28;
constexpr uint16_t kTypeSrv = 33;
constexpr uint32_t kHostTtl = 120;  // RFC 6762 section 10: records with a host's name
constexpr uint32_t kOtherTtl = 75 * 60;

constexpr int kErrorBadState = -2;
constexpr int kErrorCollision = -8;
constexpr int kErrorTimeout = -15;
constexpr int kErrorTooManyObjects = -17;
constexpr int kErrorDbus = -22;
constexpr int kErrorDisconnected = -23;
constexpr int kErrorNoDaemon = -26;

/** A list of byte strings, in the order of the record. */
struct StringList {
  StringList* next;
  size_t size;
  uint8_t text[1];
};

/** The event loop that a client uses: ours, see avahi/poll.h. */
struct Watch;
struct Timeout;
using WatchCallback = void(Watch*, int fd, int events, void* userdata);
using TimeoutCallback = void(Timeout*, void* userdata);

struct Poll {
  void* userdata;
  Watch* (*watch_new)(const Poll*, int fd, int events, WatchCallback*, void* userdata);
  void (*watch_update)(Watch*, int events);
  int (*watch_get_events)(Watch*);
  void (*watch_free)(Watch*);
  Timeout* (*timeout_new)(const Poll*, const timeval*, TimeoutCallback*, void* userdata);
  void (*timeout_update)(Timeout*, const timeval*);
  void (*timeout_free)(Timeout*);
};

using ClientCallback = void(Client*, int state, void* userdata);
using EntryGroupCallback = void(EntryGroup*, int state, void* userdata);
using ServiceBrowserCallback = void(ServiceBrowser*, int interface_index, int protocol, int event, const char* name,
                                    const char* type, const char* domain, int flags, void* userdata);
using ServiceResolverCallback = void(ServiceResolver*, int interface_index, int protocol, int event, const char* name,
                                     const char* type, const char* domain, const char* host, const void* address,
                                     uint16_t port, StringList* txt, int flags, void* userdata);
using RecordBrowserCallback = void(RecordBrowser*, int interface_index, int protocol, int event, const char* name,
                                   uint16_t dns_class, uint16_t type, const void* data, size_t size, int flags,
                                   void* userdata);

/** The functions of libavahi-client and libavahi-common, opened at run time. */
class Api {
 public:
  Api();

  /** Whether the libraries have been loaded. */
  explicit operator bool() const { return loaded_; }
  /** Which part is missing, and the packages that have it. */
  const std::string& error() const { return error_; }

  Client* (*client_new)(const Poll*, int flags, ClientCallback*, void* userdata, int* error) = nullptr;
  void (*client_free)(Client*) = nullptr;
  int (*client_get_state)(Client*) = nullptr;
  int (*client_errno)(Client*) = nullptr;
  const char* (*client_get_domain_name)(Client*) = nullptr;
  const char* (*client_get_host_name_fqdn)(Client*) = nullptr;
  const char* (*strerror)(int error) = nullptr;

  EntryGroup* (*entry_group_new)(Client*, EntryGroupCallback*, void* userdata) = nullptr;
  int (*entry_group_free)(EntryGroup*) = nullptr;
  int (*entry_group_commit)(EntryGroup*) = nullptr;
  int (*entry_group_reset)(EntryGroup*) = nullptr;
  int (*entry_group_add_record)(EntryGroup*, int interface_index, int protocol, int flags, const char* name,
                                uint16_t dns_class, uint16_t type, uint32_t ttl, const void* data,
                                size_t size) = nullptr;

  ServiceBrowser* (*service_browser_new)(Client*, int interface_index, int protocol, const char* type,
                                         const char* domain, int flags, ServiceBrowserCallback*,
                                         void* userdata) = nullptr;
  int (*service_browser_free)(ServiceBrowser*) = nullptr;
  ServiceResolver* (*service_resolver_new)(Client*, int interface_index, int protocol, const char* name,
                                           const char* type, const char* domain, int address_protocol, int flags,
                                           ServiceResolverCallback*, void* userdata) = nullptr;
  int (*service_resolver_free)(ServiceResolver*) = nullptr;
  RecordBrowser* (*record_browser_new)(Client*, int interface_index, int protocol, const char* name, uint16_t dns_class,
                                       uint16_t type, int flags, RecordBrowserCallback*, void* userdata) = nullptr;
  int (*record_browser_free)(RecordBrowser*) = nullptr;

 private:
  Library common_;
  Library client_;
  bool loaded_;
  std::string error_;
};

/** An interface's index as the library takes it; 0 becomes the value for all interfaces. */
inline int ToAvahi(uint32_t interface_index) {
  return interface_index == 0 ? kAnyInterface : static_cast<int>(interface_index);
}

/** The library's constant for a family, which is 4 or 6. */
inline int ProtocolOf(int family) {
  return family == 4 ? kInet : kInet6;
}

/** Why an error of the library ends a session. */
Failure FailureOf(int error);

/** The error as a sentence that says what to do. */
std::string Describe(const Api& api, int error);

}  // namespace tcpnet::avahi
