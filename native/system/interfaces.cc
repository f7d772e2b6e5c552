#include "system/interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstring>

#include "system/address.h"

namespace tcpnet {

namespace {

/** The length of a netmask; without one, that of a single address. */
int PrefixLength(const sockaddr* mask, int family) {
  const size_t offset = family == 4 ? offsetof(sockaddr_in, sin_addr) : offsetof(sockaddr_in6, sin6_addr);
  const size_t address_size = family == 4 ? 4 : 16;
  if (mask == nullptr) return static_cast<int>(address_size * 8);
  size_t size = offset + address_size;
#if defined(__APPLE__) || defined(__FreeBSD__)
  // The system may leave out zeros at the end of a mask.
  if (mask->sa_len < size) size = mask->sa_len;
#endif
  int length = 0;
  for (size_t at = offset; at < size; at++) {
    uint8_t byte = 0;
    std::memcpy(&byte, reinterpret_cast<const char*>(mask) + at, 1);
    for (; (byte & 0x80) != 0; byte = static_cast<uint8_t>(byte << 1)) length++;
    if (length < static_cast<int>((at - offset + 1) * 8)) break;
  }
  return length;
}

}  // namespace

std::vector<InterfaceAddress> ReadInterfaces() {
  std::vector<InterfaceAddress> result;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return result;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const Address address = AddressOf(*entry->ifa_addr);
    if (address.family == 0) continue;
    result.push_back({if_nametoindex(entry->ifa_name), entry->ifa_name, address.family, address.text,
                      PrefixLength(entry->ifa_netmask, address.family), (entry->ifa_flags & IFF_LOOPBACK) != 0,
                      (entry->ifa_flags & IFF_UP) != 0});
  }
  freeifaddrs(list);
  return result;
}

}  // namespace tcpnet
