#pragma once

#include <cstdint>
#include <string>

#include "core/events.h"
#include "system/library.h"

namespace tcpnet::dns_sd {

/** The declarations of dns_sd.h that are used here: the binary interface of Apple's library and of Avahi's. */
struct OpaqueRef;
using Ref = OpaqueRef*;
using Flags = uint32_t;
using Error = int32_t;

constexpr Flags kAdd = 0x2;
constexpr Flags kNoAutoRename = 0x8;
constexpr Flags kKnownUnique = 0x800;
constexpr Flags kShareConnection = 0x4000;

constexpr Error kNoError = 0;
constexpr Error kUnknown = -65537;
constexpr Error kAlreadyRegistered = -65547;
constexpr Error kNameConflict = -65548;
constexpr Error kNoAuth = -65555;
constexpr Error kServiceNotRunning = -65563;
constexpr Error kDefunctConnection = -65569;
constexpr Error kPolicyDenied = -65570;

/** The interface of services that are only on this machine (Apple). */
constexpr uint32_t kLocalOnly = 0xffffffff;
/** The domain of multicast DNS; names in other domains would be looked up by unicast. */
constexpr const char* kDomain = "local.";

constexpr uint16_t kClassIn = 1;
constexpr uint16_t kTypeA = 1;
constexpr uint16_t kTypeAaaa = 28;

using RegisterReply = void(Ref, Flags, Error, const char* name, const char* type, const char* domain, void* context);
using BrowseReply = void(Ref, Flags, uint32_t interface_index, Error, const char* name, const char* type,
                         const char* domain, void* context);
/** The port is in network order. */
using ResolveReply = void(Ref, Flags, uint32_t interface_index, Error, const char* full_name, const char* host,
                          uint16_t port, uint16_t txt_size, const unsigned char* txt, void* context);
using QueryRecordReply = void(Ref, Flags, uint32_t interface_index, Error, const char* full_name, uint16_t type,
                              uint16_t dns_class, uint16_t size, const void* data, uint32_t ttl, void* context);

/** The functions of a dns_sd library, opened at run time. */
class Api {
 public:
  Api();

  /** Whether the library has been loaded. */
  explicit operator bool() const { return loaded_; }
  /** Which part is missing, and the packages that have it. */
  const std::string& error() const { return error_; }
  /**
   * Whether the library is Apple's, with the daemon mDNSResponder, or Avahi's, which refuses all flags with a warning.
   */
  bool is_apples() const { return CreateConnection != nullptr; }

  int (*RefSockFd)(Ref) = nullptr;
  Error (*ProcessResult)(Ref) = nullptr;
  void (*RefDeallocate)(Ref) = nullptr;
  Error (*Register)(Ref*, Flags, uint32_t interface_index, const char* name, const char* type, const char* domain,
                    const char* host, uint16_t port, uint16_t txt_size, const void* txt, RegisterReply*,
                    void* context) = nullptr;
  Error (*Browse)(Ref*, Flags, uint32_t interface_index, const char* type, const char* domain, BrowseReply*,
                  void* context) = nullptr;
  Error (*Resolve)(Ref*, Flags, uint32_t interface_index, const char* name, const char* type, const char* domain,
                   ResolveReply*, void* context) = nullptr;
  Error (*QueryRecord)(Ref*, Flags, uint32_t interface_index, const char* full_name, uint16_t type, uint16_t dns_class,
                       QueryRecordReply*, void* context) = nullptr;
  /** Null if connections cannot be shared (Avahi's library has the symbol, but refuses the call). */
  Error (*CreateConnection)(Ref*) = nullptr;

 private:
  Library library_;
  bool loaded_;
  std::string error_;
};

/** Why an error of the library ends a session. */
Failure FailureOf(Error error);

/** The error as a sentence that says what to do. */
std::string Describe(const Api& api, Error error);

/**
 * Prepares Avahi's library before any code in this process uses it: turns off its warning about itself on stderr and in
 * the system log, and works around its use of uninitialised memory. To be called on the JavaScript thread, because the
 * warning is turned off by an environment variable.
 */
void PrepareLibrary();

}  // namespace tcpnet::dns_sd
