#include "interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "address.h"

namespace tcpnet {

std::vector<InterfaceAddress> ReadInterfaces() {
  std::vector<InterfaceAddress> result;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return result;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const Address address = AddressOf(*entry->ifa_addr);
    if (address.family == 0) continue;
    result.push_back({if_nametoindex(entry->ifa_name), entry->ifa_name, address.family, address.text,
                      (entry->ifa_flags & IFF_LOOPBACK) != 0, (entry->ifa_flags & IFF_UP) != 0});
  }
  freeifaddrs(list);
  return result;
}

}  // namespace tcpnet
