import type { Socket } from 'node:net'
import { TcpnetError } from '../errors.js'
import { hasEnded, type Line } from '../net/line.js'
import type { Channel, Security } from '../security/security.js'
import type { Allowance } from './connect-budget.js'
import { notAccepted, notLocated, offLink, refusal, tooLate } from './dial-errors.js'
import { formatEndpoint } from './format-endpoint.js'
import { decodeAnswer, encodeHello, type Hello } from './hello.js'
import { type Connect, type Endpoint, Race, type RaceResult } from './race.js'

/**
 * Asks where the peer is. Resolves with its endpoints, an empty array if none is on the link; with null if no answer comes;
 * with an error if the peer must not be dialed. Never rejects.
 *
 * @param isBeside whether endpoints are being tried meanwhile
 */
export type Locate = (signal: AbortSignal, isBeside: boolean) => Promise<readonly Endpoint[] | TcpnetError | null>

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
  /** Milliseconds without a byte after which an endpoint that was reached gives way to other ports; twice as many with security. */
  readonly silentAfterMs: number
  /** Makes our hello; called with the connection when it is sent. */
  readonly hello: (socket: Socket) => Hello
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
 * deadline. With a hint the race begins at once, and the question is asked only if the race is slow, or the endpoint that was
 * reached does not answer: then those of other ports are tried in its place. Hints and answers are untrusted.
 */
export class Dial {
  readonly #target: DialTarget
  readonly #done: (result: DialResult) => void
  readonly #deadline: NodeJS.Timeout
  readonly #since = performance.now()
  /** Aborts the question where the peer is; null while none is under way. */
  #question: AbortController | null = null
  /** Whether the question was answered, or its time is over. */
  #wasLocated = false
  /** For a race that is slow, or an endpoint that does not answer. */
  #slowTimer: NodeJS.Timeout | undefined
  #race: Race | null = null
  /** Why the race failed, while an answer may still bring other endpoints. */
  #lost: Error | null = null
  /** Endpoints that were reached and did not answer. */
  readonly #silent: Endpoint[] = []
  /** The endpoint that was reached, its socket, and the one of TLS over it; null before. */
  #reached: { readonly endpoint: Endpoint; readonly raw: Socket; socket: Socket } | null = null
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
    this.#add(endpoints)
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
    this.#fail(tooLate(Math.round(performance.now() - this.#since), this.#sent))
  }

  /** Ends the dial without a result. Idempotent; nothing happens after the dial has ended. */
  abort(): void {
    if (this.#release()) this.#reached?.socket.destroy()
  }

  #try(endpoints: readonly Endpoint[]): void {
    const { connect, allowance, slowAfterMs } = this.#target
    this.#race = new Race(endpoints, { connect, pace: allowance }, this.#onRaceEnded)
    this.#slowTimer = setTimeout(() => void this.#locate(), slowAfterMs)
  }

  /** Adds endpoints; those that are known are ignored. */
  #add(endpoints: readonly Endpoint[]): void {
    if (this.#race !== null) this.#race.add(endpoints)
    else if (endpoints.length > 0) this.#try(endpoints)
    if (this.#lost === null || this.#race?.hasMore !== true) return
    this.#lost = null
    this.#race.resume()
  }

  /** Asks where the peer is, until that is answered once. */
  async #locate(): Promise<void> {
    if (this.#wasLocated || this.#question !== null) return
    const question = new AbortController()
    this.#question = question
    const found = await this.#target.locate(question.signal, this.#race !== null)
    // The dial has ended, or an endpoint was reached.
    if (question.signal.aborted) return
    this.#question = null
    this.#wasLocated = true
    this.#onLocated(found)
  }

  #onLocated(found: Awaited<ReturnType<Locate>>): void {
    if (this.#reached !== null) return this.#race?.add(found instanceof TcpnetError ? [] : (found ?? []))
    if (found instanceof TcpnetError) return this.#fail(found)
    const [first] = found ?? []
    const isTooEarly = first !== undefined && this.#race === null && this.#target.allowance.waitMs(first.address) > 0
    if (isTooEarly) return this.#end({ kind: 'located' })
    this.#add(found ?? [])
    if (this.#lost !== null) return this.#fail(this.#lost)
    if (this.#race === null) this.#fail(found === null ? notLocated() : offLink())
  }

  readonly #onRaceEnded = (result: RaceResult): void => {
    if (result.kind === 'failed') {
      if (this.#question === null) return this.#fail(result.error)
      this.#lost = result.error
      return
    }
    this.#question?.abort()
    this.#question = null
    const { endpoint, socket } = result
    this.#reached = { endpoint, raw: socket, socket }
    this.#watchSilence(socket)
    socket.on('error', this.#onError)
    this.#target.security.client(socket, this.#target.uuid, (secured) => this.#onSecured(socket, secured))
  }

  /**
   * Calls {@link #onSilent} once nothing has been received for a while: twice as long with `secret` and `tls`, because a busy peer
   * takes longer for a handshake, and bytes that do not come through Node are not counted.
   */
  #watchSilence(raw: Socket): void {
    const { bytesRead } = raw
    const { security, silentAfterMs } = this.#target
    const waitMs = security.mode === 'none' ? silentAfterMs : 2 * silentAfterMs
    clearTimeout(this.#slowTimer)
    this.#slowTimer = setTimeout(() => {
      if (raw.bytesRead > bytesRead) this.#watchSilence(raw)
      else void this.#onSilent(raw)
    }, waitMs)
  }

  /**
   * The endpoint that was reached does not answer: perhaps it is not the peer's. Endpoints of other ports are tried in its place,
   * if there are any. It is closed before: a peer that is slow, and has several addresses, must not get two dials at a time.
   *
   * @param raw the socket of the endpoint
   */
  async #onSilent(raw: Socket): Promise<void> {
    await this.#locate()
    const reached = this.#reached
    if (this.#ended || reached?.raw !== raw || this.#race === null) return
    // Other addresses with the same port are most likely those of the same process, which is slow: it may still accept this dial.
    this.#race.skip(reached.endpoint.port)
    if (!this.#race.hasMore) return
    this.#silent.push(reached.endpoint)
    this.#reached = null
    this.#sent = false
    this.#stopReading()
    this.#leave(reached.socket)
    reached.socket.destroy()
    this.#race.resume()
  }

  #onSecured(raw: Socket, result: Channel | TcpnetError | null): void {
    if (this.#ended || this.#reached?.raw !== raw) return
    if (result === null || result instanceof TcpnetError) return this.#fail(result ?? hasEnded())
    if (result.socket !== raw) this.#leave(raw)
    this.#reached.socket = result.socket
    result.send(encodeHello(this.#target.hello(result.socket)))
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

  readonly #onDeadline = (): void => this.#fail(tooLate(this.#target.deadlineMs, this.#sent))

  #fail(error: Error): void {
    const socket = this.#reached?.socket
    const tried = this.#reached === null ? (this.#race?.tried ?? []) : [...this.#silent, this.#reached.endpoint]
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
