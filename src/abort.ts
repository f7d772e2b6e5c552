/** What to call when a signal is aborted, and the one listener that does. */
interface Shared {
  readonly callbacks: Set<() => void>
  readonly listener: () => void
}

/** One listener for each signal, however many services share it: Node warns of a leak at the eleventh. */
const shared = new WeakMap<AbortSignal, Shared>()

/** Calls back when a signal is aborted that is not yet, until {@link offAbort}. */
export function onAbort(signal: AbortSignal, callback: () => void): void {
  const { callbacks } = shared.get(signal) ?? listenTo(signal)
  callbacks.add(callback)
}

/** Takes a callback off a signal, and the listener with the last of them. Idempotent. */
export function offAbort(signal: AbortSignal, callback: () => void): void {
  const known = shared.get(signal)
  if (known === undefined) return
  known.callbacks.delete(callback)
  if (known.callbacks.size > 0) return
  signal.removeEventListener('abort', known.listener)
  shared.delete(signal)
}

function listenTo(signal: AbortSignal): Shared {
  const callbacks = new Set<() => void>()
  const listener = () => {
    for (const callback of [...callbacks]) callback()
  }
  const made = { callbacks, listener }
  signal.addEventListener('abort', listener, { once: true })
  shared.set(signal, made)
  return made
}
