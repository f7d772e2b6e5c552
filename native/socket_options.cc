#include "socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace tcpnet {

namespace {

struct Option {
  int level;
  int name;
  int value;
};

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
#if defined(TCP_USER_TIMEOUT)
    {IPPROTO_TCP, TCP_USER_TIMEOUT, options.user_timeout_ms},
#elif defined(TCP_RXT_CONNDROPTIME)  // macOS's nearest: whole seconds of retransmission
    {IPPROTO_TCP, TCP_RXT_CONNDROPTIME, (options.user_timeout_ms + 999) / 1000},
#endif
  };
  for (const Option& option : all) {
    if (setsockopt(fd, option.level, option.name, &option.value, sizeof option.value) != 0) return errno;
  }
  return 0;
}

}  // namespace tcpnet
