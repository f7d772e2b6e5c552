import type { Driver } from '../../discovery.js'

/** Stub. */
export const embedded: Driver = (_announcement, listener) => {
  let closed = false
  setImmediate(() => {
    if (!closed) listener.announced()
  })
  return {
    locate: async () => null,
    close: async () => {
      closed = true
    }
  }
}
