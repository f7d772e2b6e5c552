#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace tcpnet {

/** An IP address as text, without scope. Family 0: no IP address. */
struct Address {
  int family = 0;  // 4 or 6
  std::string text;

  bool operator==(const Address& other) const { return family == other.family && text == other.text; }
};

/** The address in the data of an A record (4 bytes) or an AAAA record (16 bytes). */
inline Address AddressOf(const void* data, size_t size) {
  char text[INET6_ADDRSTRLEN] = "";
  if (data == nullptr || (size != 4 && size != 16)) return {};
  uint8_t bytes[16] = {};
  std::memcpy(bytes, data, size);
  // KAME systems write the interface's index into the second word of a link-local address.
  if (size == 16 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) bytes[2] = bytes[3] = 0;
  if (inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text) == nullptr) return {};
  return {size == 4 ? 4 : 6, text};
}

/** Whether the text is an address of its family. */
inline bool IsAddress(const Address& address) {
  char bytes[16];
  return inet_pton(address.family == 4 ? AF_INET : AF_INET6, address.text.c_str(), bytes) == 1;
}

/** The data of an A or AAAA record that says this address. */
inline std::string DataOf(const Address& address) {
  char bytes[16] = {};
  inet_pton(address.family == 4 ? AF_INET : AF_INET6, address.text.c_str(), bytes);
  return {bytes, address.family == 4 ? size_t{4} : size_t{16}};
}

/** The address in a socket address. */
inline Address AddressOf(const sockaddr& any) {
  if (any.sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &any, sizeof in);
    return AddressOf(&in.sin_addr, 4);
  }
  if (any.sa_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, &any, sizeof in6);
    return AddressOf(&in6.sin6_addr, 16);
  }
  return {};
}

/** Adds a valid address that is not in the list yet, up to kMaxAddresses. Returns whether it was added. */
inline bool AddTo(std::vector<Address>& addresses, const Address& address) {
  constexpr size_t kMaxAddresses = 64;
  if (address.family == 0 || addresses.size() >= kMaxAddresses) return false;
  if (std::find(addresses.begin(), addresses.end(), address) != addresses.end()) return false;
  addresses.push_back(address);
  return true;
}

}  // namespace tcpnet
