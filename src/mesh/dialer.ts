import type { Socket } from 'node:net'
import { TcpnetError } from '../errors.js'
import { hasEnded, type Line } from '../net/line.js'
import type { Channel, Security } from '../security/security.js'
import type { Allowance } from './connect-budget.js'
import { formatEndpoint } from './format-endpoint.js'
import { decodeAnswer, encodeHello, type Hello, type RefusalReason } from './hello.js'
import { type Connect, type Endpoint, Race, type RaceResult } from './race.js'

/**
 * Asks where the peer is. Resolves with its endpoints, an empty array if none is on the link; with null if no answer comes;
 * with an error if the peer must not be dialed. Never rejects.
 */
export type Locate = (signal: AbortSignal) => Promise<readonly Endpoint[] | TcpnetError | null>

/** Where to dial, and how. */
export interface DialTarget {
  readonly uuid: string
  /** The endpoints of a hint, in the order in which they are tried; if there are none, {@link locate} is called first. */
  readonly endpoints: readonly Endpoint[]
  readonly locate: Locate
  readonly security: Security
  /** Milliseconds after which the dial fails, TLS handshake and hello included. */
  readonly deadlineMs: number
  /** Milliseconds after which the dial is slow: longer than is usual on a local network. */
  readonly slowAfterMs: number
  /** Makes our hello; called when it is sent. */
  readonly hello: () => Hello
  readonly connect: Connect
  readonly allowance: Allowance
}

/** How a dial ended. */
export type DialResult =
  | {
      readonly kind: 'ok'
      readonly socket: Socket
      readonly seq: number
      readonly boot: string
      /** The endpoint at which the peer was reached. */
      readonly endpoint: Endpoint
    }
  /** The peer answered that it has a connection with us already. */
  | { readonly kind: 'connected' }
  /** An answer says where the peer is, but the budget allows no connect to it yet: the peer has to wait for its turn. */
  | { readonly kind: 'located' }
  /** `addresses`: those that could not be reached; or the one that was reached and sent a wrong answer or none. */
  | { readonly kind: 'failed'; readonly error: Error; readonly addresses: readonly string[] }

/**
 * One dial of a peer: the question where it is, a race for a socket, the security handshake, a hello and its answer, under one
 * deadline. With a hint the race begins at once, and the question is asked only if the race is slow.
 */
export class Dial {
  readonly #target: DialTarget
  readonly #done: (result: DialResult) => void
  readonly #deadline: NodeJS.Timeout
  readonly #since = performance.now()
  /** Aborts the question where the peer is; null while none is under way. */
  #question: AbortController | null = null
  #wasLocated = false
  #slowTimer: NodeJS.Timeout | undefined
  #race: Race | null = null
  /** Why the race failed, while an answer may still bring other endpoints. */
  #lost: Error | null = null
  /** The endpoint that was reached, and its socket; null before. */
  #reached: { readonly endpoint: Endpoint; socket: Socket } | null = null
  #stopReading: () => void = () => {}
  #sent = false
  #ended = false

  /** @param done called once, never from within the constructor, and never after {@link abort} */
  constructor(target: DialTarget, done: (result: DialResult) => void) {
    this.#target = target
    this.#done = done
    this.#deadline = setTimeout(this.#onDeadline, target.deadlineMs)
    if (target.endpoints.length === 0) void this.#locate()
    else this.#try(target.endpoints)
  }

  /** Whether our hello was sent, so that the peer may have seen this dial. */
  get sent(): boolean {
    return this.#sent
  }

  /**
   * Adds endpoints that became known after the dial began: while none was reached, those that are new are tried as well.
   *
   * @returns whether they were added: false once an endpoint was reached
   */
  take(endpoints: readonly Endpoint[]): boolean {
    if (this.#ended || this.#reached !== null) return false
    if (this.#lost === null && this.#race !== null) this.#race.add(endpoints)
    else this.#tryUntried(endpoints)
    return true
  }

  /** Whether the dial takes longer than is usual on a local network. */
  isSlow(): boolean {
    return performance.now() - this.#since > this.#target.slowAfterMs
  }

  /** The peer was reached at an address, by this dial or by its own. */
  reachedAt(address: string): void {
    this.#target.allowance.giveBack(address)
  }

  /** Fails the dial in favour of one that waits. */
  evict(): void {
    this.#fail(this.#tooLate(Math.round(performance.now() - this.#since)))
  }

  /** Ends the dial without a result. Idempotent; nothing happens after the dial has ended. */
  abort(): void {
    if (this.#release()) this.#reached?.socket.destroy()
  }

  #try(endpoints: readonly Endpoint[]): void {
    const { uuid, connect, allowance, slowAfterMs } = this.#target
    this.#lost = null
    this.#race = new Race(
      endpoints,
      { connect: (endpoint) => connect(endpoint, uuid), pace: allowance },
      this.#onRaceEnded
    )
    this.#slowTimer ??= setTimeout(() => void this.#locate(), slowAfterMs)
  }

  /** Asks where the peer is; at most once, and only until it is reached. */
  async #locate(): Promise<void> {
    if (this.#wasLocated || this.#ended || this.#reached !== null) return
    this.#wasLocated = true
    this.#question = new AbortController()
    const found = await this.#target.locate(this.#question.signal)
    this.#question = null
    if (this.#ended || this.#reached !== null) return
    if (found instanceof TcpnetError) return this.#fail(found)
    const [first] = found ?? []
    if (found !== null && first !== undefined) {
      const isPossible = this.#race !== null || this.#target.allowance.waitMs(first.address) === 0
      if (!isPossible) return this.#end({ kind: 'located' })
      this.take(found)
    }
    if (this.#lost !== null) return this.#fail(this.#lost)
    if (this.#race === null) this.#fail(found === null ? notLocated() : offLink())
  }

  /** Begins a race with the endpoints that were not tried yet. */
  #tryUntried(endpoints: readonly Endpoint[]): void {
    const tried = this.#race?.tried ?? []
    const untried = endpoints.filter(
      ({ address, port }) => !tried.some((one) => one.address === address && one.port === port)
    )
    if (untried.length > 0) this.#try(untried)
  }

  readonly #onRaceEnded = (result: RaceResult): void => {
    if (result.kind === 'failed') {
      if (this.#question === null) return this.#fail(result.error)
      this.#lost = result.error
      return
    }
    this.#question?.abort()
    const { endpoint, socket } = result
    this.#reached = { endpoint, socket }
    socket.on('error', this.#onError)
    this.#target.security.client(socket, this.#target.uuid, (secured) => this.#onSecured(socket, secured))
  }

  #onSecured(raw: Socket, result: Channel | TcpnetError | null): void {
    if (this.#ended || this.#reached === null) return
    if (result === null || result instanceof TcpnetError) return this.#fail(result ?? hasEnded())
    if (result.socket !== raw) this.#leave(raw)
    this.#reached.socket = result.socket
    result.send(encodeHello(this.#target.hello()))
    this.#sent = true
    const { endpoint } = this.#reached
    this.#stopReading = result.receive((line) => this.#onLine(result, endpoint, line))
  }

  #onLine({ socket, peer: proven }: Channel, endpoint: Endpoint, line: Line): void {
    if (this.#ended) return
    const answer = typeof line === 'string' ? decodeAnswer(line) : (line ?? this.#silence())
    if (answer instanceof Error) return this.#fail(answer)
    if (answer.status === 'refused') return this.#fail(refusal(answer.reason))
    if (proven !== null && proven !== this.#target.uuid) return this.#fail(refusal('not-me'))
    this.reachedAt(endpoint.address)
    if (answer.status === 'connected') {
      this.#end({ kind: 'connected' })
      socket.destroy()
      return
    }
    if (socket.destroyed) return this.#fail(hasEnded())
    this.#end({ kind: 'ok', socket, seq: answer.seq, boot: answer.boot, endpoint })
  }

  /** The other side closed the connection instead of an answer. */
  #silence(): TcpnetError {
    // A dialer completes the handshake before the other side checks its certificate (RFC 8446 §4.4.2.4, §2).
    return this.#target.security.mode === 'tls' ? notAccepted() : hasEnded()
  }

  readonly #onError = (error: Error): void => this.#fail(error)

  readonly #onDeadline = (): void => this.#fail(this.#tooLate(this.#target.deadlineMs))

  #tooLate(waitedMs: number): TcpnetError {
    const what = this.#sent
      ? `It did not answer the hello within ${waitedMs} ms: its process hangs. Check that process.`
      : `It could not be reached within ${waitedMs} ms: a firewall drops packets to that TCP port, or its host is gone or hangs.`
    return new TcpnetError('ERR_TCPNET_DIAL_TIMEOUT', `${what} It is dialed again while it is announced.`)
  }

  #fail(error: Error): void {
    const socket = this.#reached?.socket
    const tried = this.#reached === null ? (this.#race?.tried ?? []) : [this.#reached.endpoint]
    const named = error instanceof TcpnetError ? this.#naming(error) : error
    this.#end({ kind: 'failed', error: named, addresses: tried.map(({ address }) => address) })
    socket?.destroy()
  }

  /** The same error, with the peer, its addresses and its port in the message. System errors name address and port already. */
  #naming({ code, message, cause }: TcpnetError): TcpnetError {
    const { uuid } = this.#target
    const tried = this.#reached === null ? (this.#race?.tried ?? []) : [this.#reached.endpoint]
    const at =
      tried.length === 0 ? '' : ` at ${tried.map(({ address, port }) => formatEndpoint(address, port)).join(', ')}`
    return new TcpnetError(code, `The dial of the peer ${uuid}${at} failed. ${message}`, cause)
  }

  #end(result: DialResult): void {
    if (this.#release()) this.#done(result)
  }

  /** @returns whether the dial was still under way */
  #release(): boolean {
    if (this.#ended) return false
    this.#ended = true
    clearTimeout(this.#deadline)
    clearTimeout(this.#slowTimer)
    this.#question?.abort()
    this.#race?.abort()
    this.#stopReading()
    if (this.#reached !== null) this.#leave(this.#reached.socket)
    return true
  }

  /**
   * Removes the listener of this dial from a socket, and leaves one that refers to nothing: an error without a listener crashes
   * the process.
   */
  #leave(socket: Socket): void {
    socket.off('error', this.#onError).on('error', ignore)
  }
}

function ignore(): void {}

const REFUSALS: Record<RefusalReason, string> = {
  version: 'it speaks another version of the hello: use one major version of tcpnet in a cluster',
  invalid: 'it found a field of our hello wrong: use one major version of tcpnet in a cluster',
  name: 'it belongs to a cluster of another name: the announcement is stale',
  'not-me': 'it has another uuid: the announcement is stale',
  self: 'it has our own uuid: give every service a uuid of its own',
  full: 'it has as many peers as its setting maxPeers allows: raise that setting',
  busy: 'too many inbound connections wait for its answer: it is dialed again',
  unwanted: 'its application does not want a connection with this service (its setting shouldConnect)'
}

function offLink(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_OFF_LINK',
    'It announces no address in a subnet of the interface on which it is seen: it is not dialed, but may dial this service. ' +
      'Give both hosts addresses of one network, or enable IPv6.'
  )
}

function notLocated(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_DIAL_TIMEOUT',
    'It is announced, but neither its host nor the DNS-SD daemon answered with its address and port: a firewall drops UDP ' +
      'of port 5353, or its host is gone or hangs. It is dialed again while it is announced.'
  )
}

function notAccepted(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_TLS',
    'It closed the connection after the TLS handshake, without an answer: it does not accept our certificate, or is ' +
      'closing. Its "rejected" event says which.'
  )
}

function refusal(reason: RefusalReason | null): TcpnetError {
  const said = reason === null ? 'it gave no reason' : REFUSALS[reason]
  return new TcpnetError(
    reason === 'unwanted' ? 'ERR_TCPNET_UNWANTED' : 'ERR_TCPNET_REFUSED',
    `It refused the connection: ${said}.`
  )
}
