import type { Location } from '../../session.js'

/** Milliseconds to wait for answers on other interfaces after the first one. */
const MOMENT_MS = 50

/** The question where an instance is, on every interface on which its name was seen. */
export class LocateQuestion {
  readonly #interfaces: readonly number[]
  readonly #done: (location: Location) => void
  readonly #resolve: (interfaceIndex: number, answer: (location: Location) => void) => () => void
  readonly #releases: (() => void)[] = []
  #location: Location | null = null
  #timer: NodeJS.Timeout | undefined
  #begun = false
  #ended = false

  constructor(
    interfaces: readonly number[],
    done: (location: Location) => void,
    resolve: (interfaceIndex: number, answer: (location: Location) => void) => () => void
  ) {
    this.#interfaces = interfaces
    this.#done = done
    this.#resolve = resolve
  }

  /** Idempotent; nothing is asked after {@link end}, which a failed call causes. */
  begin(): void {
    if (this.#begun) return
    this.#begun = true
    for (const index of this.#interfaces) {
      if (this.#ended) return
      this.#releases.push(this.#resolve(index, this.#onAnswer))
    }
  }

  /** Idempotent; `done` is not called after it. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    for (const release of this.#releases) release()
  }

  /** If the answers of two interfaces differ in host or port, the last one is used. */
  readonly #onAnswer = (answer: Location): void => {
    if (this.#ended) return
    const before = this.#location
    const agrees = before !== null && before.host === answer.host && before.port === answer.port
    this.#location = agrees ? { ...answer, paths: [...before.paths, ...answer.paths] } : answer
    this.#timer ??= setTimeout(() => {
      if (this.#location !== null) this.#done(this.#location)
    }, MOMENT_MS)
  }
}
