#include "system/responder.h"

#include <fstream>
#include <string>

namespace tcpnet {

namespace {

/** How the kernel writes all addresses, and port 5353. */
constexpr const char* kEverywhere4 = " 00000000:14E9 ";
constexpr const char* kEverywhere6 = " 00000000000000000000000000000000:14E9 ";

/** Whether a list of sockets, which is one line each, has one that is bound to `local`. */
bool Has(std::ifstream& sockets, const char* local) {
  // The other end, which such a socket has none of, has port 0 there.
  for (std::string line; std::getline(sockets, line);) {
    if (line.find(local) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

bool HasNoResponder() {
  std::ifstream ipv4("/proc/thread-self/net/udp");
  if (!ipv4 || Has(ipv4, kEverywhere4)) return false;
  // Not there where the kernel has no IPv6.
  std::ifstream ipv6("/proc/thread-self/net/udp6");
  return !Has(ipv6, kEverywhere6);
}

}  // namespace tcpnet
