#pragma once

namespace tcpnet {

/** Something that the daemon does for us until it is closed. Discovery thread. */
class Activity {
 public:
  virtual ~Activity() = default;

  /**
   * Ends it; the daemon has been told when this returns. Idempotent. To be called before it is destroyed; neither may
   * happen from within one of its own callbacks.
   */
  virtual void Close() = 0;
};

}  // namespace tcpnet
