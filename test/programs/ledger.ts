// The events of a service, added up, and checks of the promises that hold at every moment.
import assert from 'node:assert/strict'
import type { End, NodeEvent } from './protocol.js'

/** One service's events so far. */
export class Ledger {
  /** The connections that are open, by the peer's uuid. */
  readonly open = new Map<string, End>()
  readonly events: NodeEvent[] = []
  #broken: unknown

  add(event: NodeEvent): void {
    this.events.push(event)
    try {
      this.#check(event)
    } catch (error) {
      this.#broken ??= error
    }
  }

  /** Throws if an event has broken a promise that holds at every moment: with the first one. */
  assertKept(): void {
    if (this.#broken !== undefined) throw this.#broken
  }

  /** The events of a kind. */
  all<Kind extends NodeEvent['event']>(kind: Kind): (NodeEvent & { event: Kind })[] {
    return this.events.filter((event): event is NodeEvent & { event: Kind } => event.event === kind)
  }

  #check(event: NodeEvent): void {
    switch (event.event) {
      case 'connection':
        assert.ok(!this.open.has(event.peer), `a second connection to ${event.peer} before the close of the first`)
        this.open.set(event.peer, event)
        break
      case 'closed':
        assert.equal(this.open.get(event.peer)?.local, event.local, `a close of no connection to ${event.peer}`)
        this.open.delete(event.peer)
        break
      case 'altered':
        assert.equal(event.got, event.expected, `a byte was altered on the way to ${event.peer} and back`)
        return
      default:
        return
    }
    assert.deepEqual(
      [...event.connections].sort(),
      [...this.open.keys()].sort(),
      'service.connections is not what the events say'
    )
  }
}
