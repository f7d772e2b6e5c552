/** Begins a question; `done` is called at most once, with the answer. Returns a function that cancels the question. */
export type Begin<T> = (done: (answer: T | null) => void) => () => void

/** Asks a question. Resolves with the answer, or with null when `signal` is aborted or after `timeoutMs`. */
export function ask<T>(begin: Begin<T>, signal: AbortSignal, timeoutMs: number): Promise<T | null> {
  if (signal.aborted) return Promise.resolve(null)
  return new Promise((resolve) => {
    let takeBack: (() => void) | null = null
    let ended = false
    const end = (answer: T | null) => {
      ended = true
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      takeBack?.()
      resolve(answer)
    }
    const onAbort = () => end(null)
    const timer = setTimeout(onAbort, timeoutMs)
    signal.addEventListener('abort', onAbort)
    takeBack = begin(end)
    // A session that fails during the call ends its questions from within `begin`.
    if (ended) takeBack()
  })
}
