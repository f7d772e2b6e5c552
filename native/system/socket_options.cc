#include "system/socket_options.h"

#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#if defined(__linux__)
#include <linux/sockios.h>
#include <linux/tcp.h>  // glibc's netinet/tcp.h has only the first half of tcp_info
#else
#include <netinet/tcp.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace tcpnet {

namespace {

struct Option {
  int level;
  int name;
  int value;
};

#if defined(__linux__)
// States of a connection, as in netinet/tcp.h, which cannot be included beside linux/tcp.h.
constexpr int kFinWait1 = 4;
constexpr int kClose = 7;
constexpr int kLastAck = 9;
constexpr int kClosing = 11;

/** What the kernel knows of a TCP socket, and its size, which is less on older kernels; 0 if the call fails. */
struct Info {
  tcp_info tcp{};
  socklen_t size = sizeof tcp;

  explicit Info(int fd) {
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &size) != 0) size = 0;
  }
};
#endif

}  // namespace

int SetDeadPeerOptions(int fd, const DeadPeerOptions& options) {
  const Option all[] = {
    {SOL_SOCKET, SO_KEEPALIVE, 1},
#if defined(TCP_KEEPIDLE)
    {IPPROTO_TCP, TCP_KEEPIDLE, options.idle_s},
#elif defined(TCP_KEEPALIVE)  // macOS's name for it
    {IPPROTO_TCP, TCP_KEEPALIVE, options.idle_s},
#endif
    {IPPROTO_TCP, TCP_KEEPINTVL, options.interval_s},
    {IPPROTO_TCP, TCP_KEEPCNT, options.count},
#if defined(TCP_RXT_CONNDROPTIME)  // macOS
    {IPPROTO_TCP, TCP_RXT_CONNDROPTIME, options.drop_time_s},
#endif
  };
  for (const Option& option : all) {
    if (setsockopt(fd, option.level, option.name, &option.value, sizeof option.value) != 0) return errno;
  }
  return 0;
}

unsigned SilenceMs([[maybe_unused]] int fd) {
#if defined(__linux__)
  const auto [info, size] = Info(fd);
  // Every acknowledgement ends the silence, even one with a zero window: the other end is alive.
  const bool owed_to_data = info.tcpi_unacked > 0 && info.tcpi_last_data_sent < info.tcpi_last_ack_recv;
  // A FIN is not data: tcpi_last_data_sent does not change.
  const bool has_ended = info.tcpi_state == kFinWait1 || info.tcpi_state == kClosing || info.tcpi_state == kLastAck;
  const bool owed_to_end = has_ended && info.tcpi_unacked > 0 && info.tcpi_retransmits > 0;
  // Keep-alive is sent only while there is no data to send. A single probe of a zero window may be lost, and the next
  // may follow much later.
  const bool is_keep_alive =
      size >= offsetof(tcp_info, tcpi_min_rtt) && info.tcpi_unacked + info.tcpi_notsent_bytes == 0;
  const bool owed_to_probes = info.tcpi_probes > (is_keep_alive ? 0 : 1);
  // As the kernel's own keep-alive does: data that arrives does not always count as an acknowledgement.
  if (owed_to_data || owed_to_end || owed_to_probes) return std::min(info.tcpi_last_ack_recv, info.tcpi_last_data_recv);
#endif
  return 0;
}

unsigned SegmentsIn([[maybe_unused]] int fd) {
#if defined(__linux__)
  return Info(fd).tcp.tcpi_segs_in;
#else
  return 0;
#endif
}

bool IsClosed([[maybe_unused]] int fd) {
#if defined(__linux__)
  return Info(fd).tcp.tcpi_state == kClose;
#else
  return false;
#endif
}

unsigned RoundTripUs([[maybe_unused]] int fd) {
#if defined(__linux__)
  return Info(fd).tcp.tcpi_rtt;
#else
  return 0;
#endif
}

int UnacknowledgedBytes([[maybe_unused]] int fd) {
  int bytes = 0;
#if defined(SIOCOUTQ)
  if (ioctl(fd, SIOCOUTQ, &bytes) != 0) return 0;
#elif defined(SO_NWRITE)  // macOS
  socklen_t size = sizeof bytes;
  if (getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &size) != 0) return 0;
#endif
  return bytes;
}

int Receive(int fd, void* into, size_t size) {
  ssize_t count;
  do {
    count = recv(fd, into, size, MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count > 0) return static_cast<int>(count);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
}

}  // namespace tcpnet
