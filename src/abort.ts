/** Whom to tell when a signal is aborted, and the one listener that does. */
interface Shared {
  readonly watches: Set<AbortWatch>
  readonly listener: () => void
}

/** One listener for each signal, however many services share it: Node warns of a leak at the eleventh. */
const shared = new WeakMap<AbortSignal, Shared>()

/** Waits until one of several signals is aborted. */
export class AbortWatch {
  readonly #onAborted: () => void
  readonly #signals = new Set<AbortSignal>()

  /** @param onAborted called once for each signal that is aborted, never from within {@link add} */
  constructor(onAborted: () => void) {
    this.#onAborted = onAborted
  }

  /** Waits for a signal, too; one that is aborted already counts. */
  add(signal: AbortSignal): void {
    if (signal.aborted) {
      process.nextTick(this.#onAborted)
      return
    }
    const { watches } = shared.get(signal) ?? listenTo(signal)
    watches.add(this)
    this.#signals.add(signal)
  }

  /** Waits no longer. The last watch of a signal takes its listener off. */
  stop(): void {
    for (const signal of this.#signals) leave(signal, this)
    this.#signals.clear()
  }

  /** For the listener of a signal. */
  tell(): void {
    this.#onAborted()
  }
}

function listenTo(signal: AbortSignal): Shared {
  const watches = new Set<AbortWatch>()
  const listener = () => {
    // One may stop another.
    for (const watch of [...watches]) if (watches.has(watch)) watch.tell()
  }
  const made = { watches, listener }
  signal.addEventListener('abort', listener, { once: true })
  shared.set(signal, made)
  return made
}

function leave(signal: AbortSignal, watch: AbortWatch): void {
  const known = shared.get(signal)
  known?.watches.delete(watch)
  if (known === undefined || known.watches.size > 0) return
  signal.removeEventListener('abort', known.listener)
  shared.delete(signal)
}
