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
   * announced nor connected. The service's own: `new`, `opening`, `listening`, `closing`, `online` or `offline`;
   * and `looking`, from which it is `alone`: told once where the first look, of five seconds, finds nobody. The `reason`
   * says what was asked where.
   */
  readonly from: string
  /** The state from now on, never the same as `from`: one of those above, or the service's last, `closed`. */
  readonly to: string
  readonly reason: string
}

const changes = channel('tcpnet:change')
/** Changes that come while one is published. */
const waiting: StateChange[] = []
let publishing = false

/**
 * Tells a change to the debug log and to the subscribers of `tcpnet:change` (node:diagnostics_channel). A subscriber may
 * call back into the service, so callers set the new state first, and check the state again afterwards. Changes that a
 * subscriber makes are published after the present one, so that all subscribers see the same order.
 */
export function tellChange(change: StateChange): void {
  trace('%s %s: %s -> %s (%s)', change.service, change.peer ?? 'itself', change.from, change.to, change.reason)
  if (!changes.hasSubscribers) return
  waiting.push(change)
  if (publishing) return
  publishing = true
  try {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) changes.publish(next)
  } finally {
    publishing = false
  }
}
