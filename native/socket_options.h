#ifndef TCPNET_SOCKET_OPTIONS_H_
#define TCPNET_SOCKET_OPTIONS_H_

namespace tcpnet {

/** How the kernel finds out that the other end of a TCP connection is gone. */
struct DeadPeerOptions {
  int idle_s;
  int interval_s;
  int count;
  int user_timeout_ms;
};

/** Sets keep-alive and user timeout of a TCP socket. Returns 0, or the errno of the first option that was refused. */
int SetDeadPeerOptions(int fd, const DeadPeerOptions& options);

}  // namespace tcpnet

#endif  // TCPNET_SOCKET_OPTIONS_H_
