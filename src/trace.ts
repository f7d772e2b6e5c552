import { channel } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'

/** Writes a line to stderr while NODE_DEBUG names `tcpnet`; costs one call otherwise. */
export const trace = debuglog('tcpnet')

/** A change of state of a service, or of what it has of a peer: what the channel `tcpnet:change` publishes. */
export interface StateChange {
  /** The cluster's name. */
  readonly name: string
  /** The uuid of the service whose state changes. */
  readonly service: string
  /** The uuid of the peer, or null where it is the service's own state. */
  readonly peer: string | null
  /**
   * The state before. A peer's states are those of `service.peers`, and `gone`, with which they begin and end: neither
   * announced nor connected. The service's own: `new`, `opening`, `listening`, `closing`, `online` or `offline`.
   */
  readonly from: string
  /** The state from now on, never the same as `from`: one of those above, or the service's last, `closed`. */
  readonly to: string
  readonly reason: string
}

const changes = channel('tcpnet:change')

/** Tells a change to whoever listens: the debug log, and the subscribers of `tcpnet:change` (node:diagnostics_channel). */
export function tellChange(change: StateChange): void {
  trace('%s %s: %s -> %s (%s)', change.service, change.peer ?? 'itself', change.from, change.to, change.reason)
  if (changes.hasSubscribers) changes.publish(change)
}
