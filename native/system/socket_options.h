#pragma once

namespace tcpnet {

/** How the kernel finds out that the other end of a TCP connection is gone. */
struct DeadPeerOptions {
  int idle_s;
  int interval_s;
  int count;
  int drop_time_s;
};

/** Sets keep-alive of a TCP socket. Returns 0, or the errno of the first option that was refused. */
int SetDeadPeerOptions(int fd, const DeadPeerOptions& options);

/**
 * Milliseconds since the other end of a TCP socket last acknowledged anything, if it owes an answer: to data that was
 * sent after that, or to more than one probe. Else 0; and on systems other than Linux.
 */
unsigned SilenceMs(int fd);

/**
 * Whether the kernel has closed a TCP connection: the other end reset it, or the kernel gave it up. False on systems
 * other than Linux.
 */
bool IsClosed(int fd);

/** Microseconds that the other end of a TCP socket takes to acknowledge, smoothed. 0 where the system does not tell:
 * Linux does. */
unsigned RoundTripUs(int fd);

/** Bytes that were written to a TCP socket and not acknowledged yet. 0 where the system does not tell: Linux and macOS
 * do. */
int UnacknowledgedBytes(int fd);

}  // namespace tcpnet
