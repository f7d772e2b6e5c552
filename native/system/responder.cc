#include "system/responder.h"

#ifdef __linux__

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>

namespace tcpnet {

namespace {

constexpr uint16_t kPort = 5353;  // RFC 6762 section 3
/** IPV6_FREEBIND, which not every C library names: an address may be bound that is not this machine's. */
constexpr int kIpv6Freebind = 78;

/** Whether a socket that shares its address with no other can be bound. Closes it. */
template <typename Name>
bool CanBind(int fd, const Name& name) {
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  close(fd);
  return bound;
}

bool IsFree4(uint32_t number) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno == EAFNOSUPPORT;
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(kPort);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK | (number & 0x00fffffe));
  return CanBind(fd, name);
}

bool IsFree6(uint32_t number) {
  const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno == EAFNOSUPPORT;
  const int on = 1;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  setsockopt(fd, IPPROTO_IPV6, kIpv6Freebind, &on, sizeof on);
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_port = htons(kPort);
  name.sin6_addr.s6_addr[0] = 0xfd;  // local (RFC 4193)
  std::memcpy(name.sin6_addr.s6_addr + 12, &number, sizeof number);
  return CanBind(fd, name);
}

/** For an address of one's own: two processes that look at the same time must not take each other for a responder. */
uint32_t SomeNumber() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return static_cast<uint32_t>(now) ^ (static_cast<uint32_t>(getpid()) << 8);
}

}  // namespace

bool HasNoResponder() {
  const uint32_t number = SomeNumber();
  return IsFree4(number) && IsFree6(number);
}

}  // namespace tcpnet

#else

bool tcpnet::HasNoResponder() {
  return false;
}

#endif
