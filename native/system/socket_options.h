#pragma once

#include <cstddef>

namespace tcpnet {

/** How the kernel detects that the other end of a TCP connection is gone. */
struct DeadPeerOptions {
  int idle_s;
  int interval_s;
  int count;
  int drop_time_s;
};

/**
 * Sets keep-alive of a TCP socket. Returns 0, or the errno of the first option that was refused. Linux sends a probe at
 * once if the other end has been silent for longer than `idle_s` and all data is acknowledged.
 */
int SetDeadPeerOptions(int fd, const DeadPeerOptions& options);

/**
 * Milliseconds since the other end of a TCP socket last acknowledged or sent anything, if an acknowledgement is
 * missing: of data that was sent after that, of a keep-alive probe, or of more than one probe of a zero window.
 * Otherwise, and on systems other than Linux, 0.
 */
unsigned SilenceMs(int fd);

/**
 * How many segments a TCP socket has received, modulo 2^32. Incoming keep-alive probes are among them; no other value
 * that the kernel gives shows them. Always 0 on systems other than Linux.
 */
unsigned SegmentsIn(int fd);

/**
 * Whether the kernel has closed a TCP connection: the other end reset it, or it timed out. False on systems other than
 * Linux.
 */
bool IsClosed(int fd);

/** The smoothed round-trip time of a TCP socket, in microseconds; 0 on systems other than Linux. */
unsigned RoundTripUs(int fd);

/** Bytes that were written to a TCP socket and not acknowledged yet; 0 on systems other than Linux and macOS. */
int UnacknowledgedBytes(int fd);

/**
 * Receives at most `size` bytes from a TCP socket without waiting. Returns how many came: 0 if none has come yet, -1
 * if none will, because the other end has closed or reset the connection.
 */
int Receive(int fd, void* into, size_t size);

}  // namespace tcpnet
