import { channel } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'

/** Writes a line to stderr if NODE_DEBUG names `tcpnet`; otherwise costs one call. */
export const trace = debuglog('tcpnet')

/** A change of state of a service, or of one of its peers, as the channel `tcpnet:change` publishes it. */
export interface StateChange {
  /** The cluster's name. */
  readonly name: string
  /** The uuid of the service whose state changes. */
  readonly service: string
  /** The uuid of the peer, or null for a state of the service itself. */
  readonly peer: string | null
  /**
   * The old state. The states of a peer are those of `service.peers`, and `gone` as the first and the last: neither announced
   * nor connected. The states of the service: `new`, `opening`, `listening`, `closing`, `online`, `offline`; and `looking`,
   * which changes to `alone` once if the first look, of five seconds, finds no instance. Then `reason` names the questions and
   * the interfaces.
   */
  readonly from: string
  /** The new state, never the same as `from`: one of those above, or `closed`, the last state of a service. */
  readonly to: string
  readonly reason: string
}

const changes = channel('tcpnet:change')
/** Changes that are made while another is published. */
const waiting: StateChange[] = []
let publishing = false

/**
 * Writes a change to the debug log and publishes it on `tcpnet:change` (node:diagnostics_channel). A subscriber may call back
 * into the service, so callers set the new state first, and check the state again afterwards. Changes that a subscriber makes
 * are published after the current one, so that all subscribers see the same order.
 */
export function publishChange(change: StateChange): void {
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
