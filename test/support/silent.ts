import type { Listener } from '#tcpnet/discovery/discovery.js'

const nothing = () => {}

/** A listener that ignores all calls. */
export const SILENT: Listener = {
  announced: nothing,
  failed: nothing,
  seen: nothing,
  gone: nothing,
  hint: nothing,
  online: nothing,
  offline: nothing
}
