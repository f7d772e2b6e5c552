#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tcpnet {

/** One address of one interface of this machine. */
struct InterfaceAddress {
  uint32_t index;
  std::string name;
  int family;  // 4 or 6
  std::string address;
  int prefix_length;  // bits of the address that all addresses of its subnet have in common
  bool loopback;
  bool up;
};

/** The machine's interfaces and their addresses, in the kernel's order; empty if the kernel cannot list them. */
std::vector<InterfaceAddress> ReadInterfaces();

}  // namespace tcpnet
