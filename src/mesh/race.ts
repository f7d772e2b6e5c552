import { connect, type Socket } from 'node:net'
import type { Address } from './dial-order.js'

/** The address and port of one attempt to connect. */
export interface Endpoint extends Address {
  readonly port: number
}

/** Milliseconds after which the next endpoint is tried, while earlier attempts continue (RFC 8305 §5). */
const ATTEMPT_DELAY_MS = 250
/** The most endpoints of one race. Announcements are untrusted: one must not make us connect to many hosts. */
export const MAX_ATTEMPTS = 8

/** Decides when attempts may begin. */
export interface AttemptPace {
  /** Milliseconds until an attempt at an address may begin. */
  waitMs(address: string): number
  /** An attempt at an address begins. */
  take(address: string): void
}

/** How a race ended. `endpoint` was reached. */
export type RaceResult =
  | { readonly kind: 'reached'; readonly socket: Socket; readonly endpoint: Endpoint }
  | { readonly kind: 'failed'; readonly error: Error }

/** Opens a connection to an endpoint. */
export type Connect = (endpoint: Endpoint) => Socket

/**
 * Connects to the first of several endpoints that answers (Happy Eyeballs, RFC 8305): they are tried in order, each when the
 * one before has failed, or 250 ms after its attempt began. `net.connect` does the same for one port, but alternates between
 * families whatever the given order, and takes no address once it has begun.
 */
export class Race {
  readonly #connect: Connect
  readonly #pace: AttemptPace
  readonly #done: (result: RaceResult) => void
  /** Endpoints that were tried or will be, as keys. */
  readonly #known = new Set<string>()
  readonly #tried: Endpoint[] = []
  /** Endpoints that will be tried. */
  #waiting: Endpoint[] = []
  readonly #attempts = new Map<Socket, () => void>()
  readonly #errors: Error[] = []
  #timer: NodeJS.Timeout | undefined
  #lastAt = Number.NEGATIVE_INFINITY
  /** Whether it has a result: nothing is under way then. */
  #isOver = false

  /**
   * @param endpoints at least one; those after the eighth are ignored
   * @param done called once, and once more after each {@link resume}; never from within the constructor, and never after {@link
   *   abort}
   */
  constructor(
    endpoints: readonly Endpoint[],
    { connect, pace }: { readonly connect: Connect; readonly pace: AttemptPace },
    done: (result: RaceResult) => void
  ) {
    this.#connect = connect
    this.#pace = pace
    this.#done = done
    this.add(endpoints)
  }

  /** The endpoints that were tried, in this order. */
  get tried(): readonly Endpoint[] {
    return this.#tried
  }

  /** Whether endpoints are left that were not tried. */
  get hasMore(): boolean {
    return this.#waiting.length > 0
  }

  /** Adds endpoints, before those that wait already. Known endpoints are ignored. */
  add(endpoints: readonly Endpoint[]): void {
    const added = endpoints.filter((endpoint) => this.#isNew(endpoint))
    if (added.length === 0) return
    this.#waiting = [...added, ...this.#waiting].slice(0, MAX_ATTEMPTS - this.#tried.length)
    if (!this.#isOver) this.#schedule()
  }

  /** Drops the endpoints of a port that were not tried. */
  skip(port: number): void {
    this.#waiting = this.#waiting.filter((endpoint) => endpoint.port !== port)
  }

  /** Goes on after a result, with the endpoints that were not tried: there has to be one. */
  resume(): void {
    this.#isOver = false
    this.#schedule()
  }

  /** Ends the race without a result. Idempotent. */
  abort(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    for (const socket of [...this.#attempts.keys()]) this.#giveUp(socket)
  }

  #isNew({ address, port }: Endpoint): boolean {
    const key = `${address} ${port}`
    if (this.#known.has(key)) return false
    this.#known.add(key)
    return true
  }

  /** Tries the next endpoint when its time has come. */
  #schedule(): void {
    clearTimeout(this.#timer)
    const [next] = this.#waiting
    if (next === undefined) return
    const dueMs = this.#attempts.size === 0 ? 0 : this.#lastAt + ATTEMPT_DELAY_MS - performance.now()
    const waitMs = Math.max(dueMs, this.#pace.waitMs(next.address))
    if (waitMs > 0) this.#timer = setTimeout(() => this.#schedule(), waitMs)
    else this.#try(next)
  }

  #try(endpoint: Endpoint): void {
    this.#waiting.shift()
    this.#tried.push(endpoint)
    this.#lastAt = performance.now()
    this.#pace.take(endpoint.address)
    const socket = this.#connect(endpoint)
    const onConnect = () => this.#reached(socket, endpoint)
    const onError = (error: Error) => this.#failed(socket, error)
    socket.on('connect', onConnect).on('error', onError)
    this.#attempts.set(socket, () => socket.off('connect', onConnect).off('error', onError))
    this.#schedule()
  }

  #reached(socket: Socket, endpoint: Endpoint): void {
    this.#leave(socket)
    this.abort()
    this.#done({ kind: 'reached', socket, endpoint })
  }

  #failed(socket: Socket, error: Error): void {
    this.#giveUp(socket)
    this.#errors.push(error)
    // The next attempt begins without the delay.
    this.#lastAt = Number.NEGATIVE_INFINITY
    if (this.#waiting.length > 0) return this.#schedule()
    if (this.#attempts.size > 0) return
    this.#isOver = true
    this.#done({ kind: 'failed', error: oneOf(this.#errors) })
  }

  /** Removes our listeners from a socket. */
  #leave(socket: Socket): void {
    this.#attempts.get(socket)?.()
    this.#attempts.delete(socket)
  }

  /** Destroys a socket. An error without a listener crashes the process. */
  #giveUp(socket: Socket): void {
    this.#leave(socket)
    socket.on('error', ignore).destroy()
  }
}

/**
 * Connects to a numeric address. Node looks up an address that it does not take, one with a scope like `my_if`: getaddrinfo would
 * drop the scope, and an announced address could lead to another interface. This lookup makes that an error.
 */
export function connectTo({ address, family, port }: Endpoint): Socket {
  return connect({
    host: address,
    port,
    autoSelectFamily: false,
    lookup: (_host, { all }, found) => {
      if (all === true) found(null, [{ address, family }])
      else found(null, address, family)
    }
  })
}

function ignore(): void {}

/** One error for all attempts, with the code of the first, as `net.connect` makes it. */
function oneOf(errors: readonly Error[]): Error {
  const [first] = errors
  if (first !== undefined && errors.length === 1) return first
  const message = errors.map((error) => error.message).join('; ')
  return Object.assign(new AggregateError(errors, message), {
    code: (first as NodeJS.ErrnoException | undefined)?.code
  })
}
