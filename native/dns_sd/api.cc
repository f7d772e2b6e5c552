#include "dns_sd/api.h"

#include <cstdlib>

namespace tcpnet::dns_sd {

namespace {

#ifdef __APPLE__
constexpr const char* kLibrary = nullptr;  // in libSystem, which every process has loaded
constexpr const char* kStartAppleDaemon = "macOS starts it again by itself";
#else
constexpr const char* kLibrary = "libdns_sd.so.1";
constexpr const char* kStartAppleDaemon = "start it (the daemon of Apple's libdns_sd, also called mdnsd)";
#endif

#ifndef __APPLE__

/** The allocation functions of libavahi-common (avahi-common/malloc.h). */
struct AvahiAllocator {
  void* (*malloc)(size_t);
  void (*free)(void*);
  void* (*realloc)(void*, size_t);
  void* (*calloc)(size_t, size_t);
};

constexpr AvahiAllocator kZeroingAllocator{[](size_t size) { return std::calloc(1, size); }, std::free, std::realloc,
                                           std::calloc};

/**
 * Avahi's library does not initialise the callbacks that a reference does not use (sdref_new() in its compat.c), and
 * calls them when the daemon goes away: a jump to an undefined address. Zeroed memory prevents that, for every user of
 * the library in this process; free() works as before. The library keeps the addresses of these functions, so this
 * addon must never be unloaded.
 */
void ZeroAvahiMemory() {
  void (*set_allocator)(const AvahiAllocator*) = nullptr;
  if (!Library("libavahi-common.so.3").Find("avahi_set_allocator", set_allocator)) return;
  PinThisLibrary();
  set_allocator(&kZeroingAllocator);
}

#endif

}  // namespace

Api::Api() : library_(kLibrary) {
  loaded_ = library_.Find("DNSServiceRefSockFD", RefSockFd) &&
            library_.Find("DNSServiceProcessResult", ProcessResult) &&
            library_.Find("DNSServiceRefDeallocate", RefDeallocate) && library_.Find("DNSServiceRegister", Register) &&
            library_.Find("DNSServiceBrowse", Browse) && library_.Find("DNSServiceResolve", Resolve) &&
            library_.Find("DNSServiceQueryRecord", QueryRecord);
  // A library without this function is Avahi's, whose DNSServiceCreateConnection only returns an error.
  void (*apples)() = nullptr;
  if (library_.Find("DNSServiceGetAddrInfo", apples)) library_.Find("DNSServiceCreateConnection", CreateConnection);
  if (!loaded_) {
    error_ = "the DNS-SD library libdns_sd.so.1 did not open (" + library_.error() +
             "): install libavahi-compat-libdnssd1 (Debian, Ubuntu), avahi-compat-libdns_sd (Fedora), avahi (Arch) or "
             "avahi-compat-libdns_sd (Alpine)";
  }
}

Failure FailureOf(Error error) {
  switch (error) {
    case kNameConflict:
    case kAlreadyRegistered:
      return Failure::kConflict;
    case kUnknown:  // the error of Avahi's library if there is no daemon
    case kServiceNotRunning:
    case kDefunctConnection:
      return Failure::kDaemon;
    default:
      return Failure::kRefused;
  }
}

std::string Describe(const Api& api, Error error) {
  switch (FailureOf(error)) {
    case Failure::kConflict:
      return "another instance on the network has the name: choose another uuid, or leave out the setting";
    case Failure::kDaemon:
      if (!api.is_apples()) {
        return "the DNS-SD daemon does not answer (error " + std::to_string(error) +
               "): start it with `systemctl start avahi-daemon`, or install the package avahi-daemon";
      }
      return "mDNSResponder does not answer (error " + std::to_string(error) + "): " + kStartAppleDaemon;
    default:
      if (error == kPolicyDenied) {
        return "this application may not use the local network: allow it in System Settings, Privacy & Security, Local "
               "Network";
      }
      if (error == kNoAuth) {
        return "this application may not use the service type: name it in NSBonjourServices in the Info.plist of its "
               "bundle";
      }
      return "the DNS-SD daemon refused the request (error " + std::to_string(error) + " of dns_sd.h)";
  }
}

void PrepareLibrary() {
#ifndef __APPLE__
  if (std::getenv("AVAHI_COMPAT_NOWARN") == nullptr) setenv("AVAHI_COMPAT_NOWARN", "1", 0);
  ZeroAvahiMemory();
#endif
}

}  // namespace tcpnet::dns_sd
