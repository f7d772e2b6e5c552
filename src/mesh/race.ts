import { connect, type Socket } from 'node:net'
import type { Address } from './dial-order.js'

/** Where one attempt to connect goes. */
export interface Endpoint extends Address {
  readonly port: number
}

/** Milliseconds after which the next endpoint is tried beside those that have not answered (RFC 8305 §5). */
const ATTEMPT_DELAY_MS = 250
/** Endpoints of one race. Announcements are untrusted: they must not make us connect to many hosts. */
export const MAX_ATTEMPTS = 8

/** When attempts may begin. */
export interface Pace {
  /** Milliseconds until an attempt at an address may begin. */
  waitMs(address: string): number
  /** An attempt at an address begins. */
  take(address: string): void
}

/** How a race ended. `endpoint` was reached. */
export type RaceResult =
  | { readonly kind: 'reached'; readonly socket: Socket; readonly endpoint: Endpoint }
  | { readonly kind: 'failed'; readonly error: Error }

/** Opens a connection to an endpoint of the peer that has this uuid. */
export type Connect = (endpoint: Endpoint, uuid: string) => Socket

/**
 * Connects to the first of several endpoints that answers (Happy Eyeballs, RFC 8305): they are tried in their order, each
 * as soon as the one before has failed, or 250 ms after it. `net.connect` does the same for one port, but alternates
 * between families whatever order is asked for, and takes no address once it has begun.
 */
export class Race {
  readonly #connect: (endpoint: Endpoint) => Socket
  readonly #pace: Pace
  readonly #done: (result: RaceResult) => void
  /** What was tried, or will be. */
  readonly #known = new Set<string>()
  readonly #tried: Endpoint[] = []
  /** What will be tried. */
  #waiting: Endpoint[] = []
  readonly #attempts = new Map<Socket, () => void>()
  readonly #errors: Error[] = []
  #timer: NodeJS.Timeout | undefined
  #lastAt = Number.NEGATIVE_INFINITY
  #ended = false

  /**
   * @param endpoints at least one; those after the eighth are left out
   * @param done called once, never from within the constructor, and never after {@link abort}
   */
  constructor(
    endpoints: readonly Endpoint[],
    { connect, pace }: { readonly connect: (endpoint: Endpoint) => Socket; readonly pace: Pace },
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

  /** Takes more endpoints into the race, before those that wait already. Those that it knows count once. */
  add(endpoints: readonly Endpoint[]): void {
    if (this.#ended) return
    const added = endpoints.filter((endpoint) => this.#isNew(endpoint))
    if (added.length === 0) return
    this.#waiting = [...added, ...this.#waiting].slice(0, MAX_ATTEMPTS - this.#tried.length)
    this.#schedule()
  }

  /** Ends the race without a result. Idempotent. */
  abort(): void {
    this.#ended = true
    clearTimeout(this.#timer)
    for (const socket of [...this.#attempts.keys()]) this.#giveUp(socket)
  }

  #isNew({ address, port }: Endpoint): boolean {
    const key = `${address} ${port}`
    if (this.#known.has(key)) return false
    this.#known.add(key)
    return true
  }

  /** Has the next endpoint tried when it is time to. */
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
    // The next one does not wait for its turn.
    this.#lastAt = Number.NEGATIVE_INFINITY
    if (this.#waiting.length > 0) return this.#schedule()
    if (this.#attempts.size > 0) return
    this.#ended = true
    this.#done({ kind: 'failed', error: oneOf(this.#errors) })
  }

  /** Takes our listeners off a socket. */
  #leave(socket: Socket): void {
    this.#attempts.get(socket)?.()
    this.#attempts.delete(socket)
  }

  /** A socket without a listener for errors crashes the process. */
  #giveUp(socket: Socket): void {
    this.#leave(socket)
    socket.on('error', ignore).destroy()
  }
}

/** Connects as `net.connect` does. The host's name is the uuid: TLS has `checkServerIdentity` of the application look at it. */
export function connectTo({ address, family, port }: Endpoint, uuid: string): Socket {
  return connect({
    host: uuid,
    port,
    autoSelectFamily: false,
    lookup: (_host, { all }, callback) => {
      if (all === true) callback(null, [{ address, family }])
      else callback(null, address, family)
    }
  })
}

function ignore(): void {}

/** One error for all attempts, as of `net.connect`: with the code of the first. */
function oneOf(errors: readonly Error[]): Error {
  const [first] = errors
  if (first !== undefined && errors.length === 1) return first
  const message = errors.map((error) => error.message).join('; ')
  return Object.assign(new AggregateError(errors, message), {
    code: (first as NodeJS.ErrnoException | undefined)?.code
  })
}
