#include "system/connect_filter.h"

#include <sys/socket.h>

#include <cerrno>

#if defined(__linux__)
#include <arpa/inet.h>
#include <linux/filter.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#endif

namespace tcpnet {

#if defined(__linux__)

namespace {

/** The kernel's memory for options of a socket has room for the filter of this many IPv6 addresses (optmem_max: 20
 * KiB). */
constexpr size_t kMaxListed = 64;

constexpr uint32_t kPass = 0xffffffff;
constexpr uint32_t kDrop = 0;

/** Offsets in the TCP header, at which the filter's bytes begin (RFC 9293 §3.1). */
constexpr uint32_t kFlags = 13;
constexpr uint32_t kSyn = 0x02;
constexpr uint32_t kSynOrAck = 0x12;

/** Offsets in the IP header (RFC 791 §3.1, RFC 8200 §3). */
constexpr uint32_t kIpHeader = static_cast<uint32_t>(SKF_NET_OFF);
constexpr uint32_t kIpv4Source = kIpHeader + 12;
constexpr uint32_t kIpv6Source = kIpHeader + 8;
constexpr uint32_t kIpv6Words = 4;

using Program = std::vector<sock_filter>;

void Load(Program& program, int size, uint32_t offset) {
  program.push_back(BPF_STMT(BPF_LD | size | BPF_ABS, offset));
}

/** Skips the next instructions unless the loaded value is this one. */
void SkipUnless(Program& program, uint32_t value, size_t instructions) {
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<uint8_t>(instructions)));
}

void Return(Program& program, uint32_t verdict) {
  program.push_back(BPF_STMT(BPF_RET | BPF_K, verdict));
}

/** The n-th 32 bits of an address. */
uint32_t WordOf(const Address& address, size_t n) {
  uint32_t word = 0;
  std::memcpy(&word, DataOf(address).data() + n * sizeof word, sizeof word);
  return ntohl(word);
}

/** Decides about IPv4 packets. */
void AddIpv4(Program& program, uint32_t listed, uint32_t others, const std::vector<Address>& addresses) {
  Load(program, BPF_W, kIpv4Source);
  for (const Address& address : addresses) {
    if (address.family != 4) continue;
    SkipUnless(program, WordOf(address, 0), 1);
    Return(program, listed);
  }
  Return(program, others);
}

/** Decides about IPv6 packets. The source is copied once, since loads from memory are cheaper than loads from the
 * packet. */
void AddIpv6(Program& program, uint32_t listed, uint32_t others, const std::vector<Address>& addresses) {
  for (uint32_t n = 0; n < kIpv6Words; n++) {
    Load(program, BPF_W, kIpv6Source + n * sizeof(uint32_t));
    program.push_back(BPF_STMT(BPF_ST, n));
  }
  for (const Address& address : addresses) {
    if (address.family != 6) continue;
    for (uint32_t n = 0; n < kIpv6Words; n++) {
      program.push_back(BPF_STMT(BPF_LD | BPF_MEM, n));
      SkipUnless(program, WordOf(address, n), 2 * (kIpv6Words - 1 - n) + 1);
    }
    Return(program, listed);
  }
  Return(program, others);
}

Program ProgramOf(Verdict verdict, const std::vector<Address>& addresses) {
  const uint32_t listed = verdict == Verdict::kPass ? kPass : kDrop;
  const uint32_t others = verdict == Verdict::kPass ? kDrop : kPass;
  Program ipv4;
  AddIpv4(ipv4, listed, others, addresses);
  Program program;
  // Accepted connections inherit the filter: every packet but the first of a handshake passes here.
  Load(program, BPF_B, kFlags);
  program.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSynOrAck));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 1, 0));
  Return(program, kPass);
  Load(program, BPF_B, kIpHeader);
  program.push_back(BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4));
  SkipUnless(program, 4, ipv4.size());
  program.insert(program.end(), ipv4.begin(), ipv4.end());
  AddIpv6(program, listed, others, addresses);
  return program;
}

}  // namespace

int FilterConnects(int fd, Verdict listed, const std::vector<Address>& addresses) {
  if (listed == Verdict::kDrop && addresses.empty()) {
    const int none = 0;
    return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none) == 0 || errno == ENOENT ? 0 : errno;
  }
  const size_t count = std::min(addresses.size(), kMaxListed);
  Program program = ProgramOf(listed, {addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(count)});
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0 ? 0 : errno;
}

#else

int FilterConnects(int, Verdict, const std::vector<Address>&) {
  return ENOSYS;
}

#endif

}  // namespace tcpnet
