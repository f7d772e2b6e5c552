#pragma once

#include <cstdint>

namespace tcpnet {

/**
 * Counts changes of this machine's interfaces and their addresses, which takes one system call where listing them takes
 * dozens. Not for use by several threads.
 */
class InterfaceWatch {
 public:
  InterfaceWatch() = default;
  ~InterfaceWatch();
  InterfaceWatch(const InterfaceWatch&) = delete;

  /**
   * A number that is another one than the last time where something may have changed since then; on systems other than
   * Linux always another.
   */
  uint32_t Changes();

 private:
  uint32_t changes_ = 0;
  int socket_ = -1;
};

}  // namespace tcpnet
