import { connect, type Socket } from 'node:net'
import { TcpnetError } from '../errors.js'
import { hasEnded, type Line } from '../line.js'
import type { Channel, Security } from '../security/security.js'
import { decodeAnswer, encodeHello, type Hello, type RefusalReason } from './hello.js'

/** How long a dial on a local network takes at most, in milliseconds, until the host answers, and until the peer does. */
export const SLOW_AFTER_MS = { connecting: 250, connected: 2000 } as const

/** Where to dial, and how. */
export interface DialTarget {
  readonly uuid: string
  readonly port: number
  /** At least one; raced in this order (Happy Eyeballs, RFC 8305, as far as `net.connect` implements it). */
  readonly addresses: readonly { readonly address: string; readonly family: 4 | 6 }[]
  readonly security: Security
  /** Milliseconds until the whole dial, TLS handshake and hello included, has failed. */
  readonly deadlineMs: number
  /** Makes our hello, at the moment at which it is sent. */
  readonly hello: () => Hello
}

/** How a dial ended. */
export type DialResult =
  | { readonly kind: 'ok'; readonly socket: Socket; readonly seq: number; readonly boot: string | null }
  /** The peer has a connection with us already, or will have told us so. */
  | { readonly kind: 'connected' }
  /** `addresses`: those that were tried in vain; the one that was reached and gave the wrong answer, if it came that far. */
  | { readonly kind: 'failed'; readonly error: Error; readonly addresses: readonly string[] }

/** One attempt to connect to a peer: a socket, its security, a hello, an answer, under one deadline. */
export class Dial {
  readonly #target: DialTarget
  readonly #done: (result: DialResult) => void
  readonly #deadline: NodeJS.Timeout
  readonly #since = performance.now()
  #socket: Socket
  #stopReading: () => void = () => {}
  #connected = false
  #sent = false
  #ended = false

  /** @param done called once, never from within the constructor, and never after {@link abort} */
  constructor(target: DialTarget, done: (result: DialResult) => void) {
    this.#target = target
    this.#done = done
    this.#socket = connect({
      // A uuid is no address, so that Node asks our lookup for one.
      host: target.uuid,
      port: target.port,
      autoSelectFamily: true,
      lookup: (_host, _options, callback) => callback(null, [...target.addresses])
    })
    this.#socket.on('connect', this.#onConnect).on('error', this.#onError)
    this.#deadline = setTimeout(this.#onDeadline, target.deadlineMs)
  }

  /** Whether our hello is out, so that the peer may have seen this dial. */
  get sent(): boolean {
    return this.#sent
  }

  /** Whether it has reached nobody yet, and does not try all of this. */
  lacks({ port, addresses }: Pick<DialTarget, 'port' | 'addresses'>): boolean {
    const own = new Set(this.#target.addresses.map(({ address }) => address))
    return !this.#connected && (port !== this.#target.port || addresses.some(({ address }) => !own.has(address)))
  }

  /** Whether it takes longer than it ought to. */
  isSlow(): boolean {
    return performance.now() - this.#since > SLOW_AFTER_MS[this.#connected ? 'connected' : 'connecting']
  }

  /** Fails it in favour of a dial that waits. */
  giveWay(): void {
    this.#fail(this.#tooLate(Math.round(performance.now() - this.#since)))
  }

  /** Ends the dial without a result. Idempotent; nothing happens after the dial has ended. */
  abort(): void {
    if (!this.#release()) return
    this.#socket.destroy()
  }

  readonly #onConnect = (): void => {
    this.#connected = true
    this.#target.security.client(this.#socket, this.#target.uuid, this.#onSecured)
  }

  readonly #onSecured = (result: Channel | TcpnetError | null): void => {
    if (this.#ended) return
    if (result === null || result instanceof TcpnetError) return this.#fail(result ?? hasEnded())
    if (result.socket !== this.#socket) this.#leave()
    this.#socket = result.socket
    result.send(encodeHello(this.#target.hello()))
    this.#sent = true
    this.#stopReading = result.receive((line) => this.#onLine(line, result.peer))
  }

  /** @param proven the uuid that the other side has proven; null where its security proves none */
  #onLine(line: Line, proven: string | null): void {
    if (this.#ended) return
    const answer = typeof line === 'string' ? decodeAnswer(line) : (line ?? this.#silence())
    if (answer instanceof Error) return this.#fail(answer)
    if (answer.status === 'refused') return this.#fail(refusal(answer.reason))
    if (proven !== null && proven !== this.#target.uuid) return this.#fail(refusal('not-me'))
    if (answer.status === 'connected') {
      this.#end({ kind: 'connected' })
      this.#socket.destroy()
      return
    }
    if (this.#socket.destroyed) return this.#fail(hasEnded())
    this.#end({ kind: 'ok', socket: this.#socket, seq: answer.seq, boot: answer.boot })
  }

  /** The other side closed the connection in the place of an answer. */
  #silence(): TcpnetError {
    // A dialer is through with the handshake before its certificate is looked at (RFC 8446 §4.4.2.4, §2).
    return this.#target.security.mode === 'tls' ? notAccepted() : hasEnded()
  }

  readonly #onError = (error: Error): void => this.#fail(withMessage(error))

  readonly #onDeadline = (): void => this.#fail(this.#tooLate(this.#target.deadlineMs))

  #tooLate(waitedMs: number): TcpnetError {
    const step = this.#sent ? 'did not answer the hello' : 'could not be reached'
    return new TcpnetError(
      'ERR_TCPNET_DIAL_TIMEOUT',
      `The peer ${this.#target.uuid} ${step} within ${waitedMs} ms: its host is gone, hangs or drops packets. ` +
        'It is dialed again while it is announced.'
    )
  }

  #fail(error: Error): void {
    this.#end({ kind: 'failed', error, addresses: this.tried() })
    this.#socket.destroy()
  }

  /** The addresses that were tried in vain; the one that was reached, if it came that far. */
  tried(): string[] {
    const { remoteAddress, autoSelectFamilyAttemptedAddresses: attempts = [] } = this.#socket
    if (this.#connected) return remoteAddress === undefined ? [] : [remoteAddress]
    return attempts.map((attempt) => attempt.slice(0, attempt.lastIndexOf(':')))
  }

  #end(result: DialResult): void {
    if (this.#release()) this.#done(result)
  }

  /** @returns whether the dial was still under way */
  #release(): boolean {
    if (this.#ended) return false
    this.#ended = true
    clearTimeout(this.#deadline)
    this.#stopReading()
    this.#leave()
    return true
  }

  /** Takes its listeners off the socket. One for errors stays, that holds nothing: without any, they crash the process. */
  #leave(): void {
    this.#socket.off('connect', this.#onConnect).off('error', this.#onError).on('error', ignore)
  }
}

function ignore(): void {}

const REFUSALS: Record<RefusalReason, string> = {
  version: 'it speaks another version of the hello: use one major version of tcpnet in a cluster',
  name: 'it belongs to a cluster of another name: the announcement is stale',
  'not-me': 'it has another uuid: the announcement is stale',
  self: 'it has our own uuid: give every service a uuid of its own',
  full: 'it has as many peers as its maxPeers allows: raise that',
  busy: 'it has too many connections in progress: it is dialed again'
}

/** Node's error of several addresses has no message of its own: those of each address. */
function withMessage(error: Error): Error {
  if (error.message === '' && error instanceof AggregateError) {
    error.message = error.errors.map((one: Error) => one.message).join('; ')
  }
  return error
}

function notAccepted(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_TLS',
    'The peer closed the connection after the TLS handshake, without an answer: it does not accept our certificate, or is ' +
      'closing. Its "rejected" event says which.'
  )
}

function refusal(reason: RefusalReason | null): TcpnetError {
  const said = reason === null ? 'it did not say why' : REFUSALS[reason]
  return new TcpnetError('ERR_TCPNET_REFUSED', `The peer refused the connection: ${said}.`)
}
