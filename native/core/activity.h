#pragma once

namespace tcpnet {

/** A task of the daemon, an announcement, a browse or a lookup, that continues until it is closed. Discovery thread. */
class Activity {
 public:
  virtual ~Activity() = default;

  /**
   * Ends the activity; the daemon has received that when this returns. Idempotent. To be called before destruction;
   * neither may happen from within one of its own callbacks.
   */
  virtual void Close() = 0;
};

}  // namespace tcpnet
