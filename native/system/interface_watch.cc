#include "system/interface_watch.h"

#if defined(__linux__)
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace tcpnet {

#if defined(__linux__)

namespace {

/** A socket that the kernel tells of changes (rtnetlink(7)); -1 if there is none. */
int OpenSocket() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return -1;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace

InterfaceWatch::~InterfaceWatch() {
  if (socket_ >= 0) close(socket_);
}

uint32_t InterfaceWatch::Changes() {
  if (socket_ < 0) {
    socket_ = OpenSocket();
    return ++changes_;
  }
  // What has changed is not read: the interfaces are listed then. Messages that found no room are a change as well.
  bool has_changed = false;
  char byte;
  for (;;) {
    if (recv(socket_, &byte, sizeof byte, MSG_TRUNC) >= 0 || errno == ENOBUFS) {
      has_changed = true;
    } else if (errno == EAGAIN) {
      return has_changed ? ++changes_ : changes_;
    } else if (errno != EINTR) {
      // It will not tell of changes any more: the next call opens another.
      close(socket_);
      socket_ = -1;
      return ++changes_;
    }
  }
}

#else

InterfaceWatch::~InterfaceWatch() = default;

uint32_t InterfaceWatch::Changes() {
  return ++changes_;
}

#endif

}  // namespace tcpnet
