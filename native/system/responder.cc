#include "system/responder.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <random>

namespace tcpnet {

namespace {

constexpr uint16_t kPort = 5353;  // RFC 6762 section 3
/** IPV6_FREEBIND of Linux, which not every C library names: an address may be bound that is not this machine's. */
constexpr int kIpv6Freebind = 78;

/** Whether a socket that shares its address with no other can be bound; it is closed again at once. */
template <typename Name>
bool CanBind(int fd, const Name& name) {
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  close(fd);
  return bound;
}

/** Two processes that look at the same time are not to find each other: each takes an address of its own. */
bool IsFree4(uint32_t random) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno == EAFNOSUPPORT;
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(kPort);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK | (random & 0x00fffffe));
  return CanBind(fd, name);
}

bool IsFree6(uint32_t random) {
  const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno == EAFNOSUPPORT;
  const int on = 1;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  setsockopt(fd, IPPROTO_IPV6, kIpv6Freebind, &on, sizeof on);
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_port = htons(kPort);
  name.sin6_addr.s6_addr[0] = 0xfd;  // local (RFC 4193)
  std::memcpy(name.sin6_addr.s6_addr + 12, &random, sizeof random);
  return CanBind(fd, name);
}

}  // namespace

bool HasNoResponder() {
#ifdef __linux__
  const uint32_t random = std::random_device{}();
  return IsFree4(random) && IsFree6(random);
#else
  return false;
#endif
}

}  // namespace tcpnet
