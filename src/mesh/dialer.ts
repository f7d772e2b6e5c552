import { connect, type Socket } from 'node:net'
import { TcpnetError } from '../errors.js'
import type { Security } from '../security/security.js'
import { endpoint } from './endpoint.js'
import { decodeAnswer, encodeHello, type Hello, hasEnded, type Line, type RefusalReason, readLine } from './hello.js'
import type { Limits } from './limits.js'

/** Where to dial, and how. */
export interface DialTarget {
  readonly uuid: string
  readonly port: number
  /**
   * Raced in this order (Happy Eyeballs, RFC 8305, as far as `net.connect` implements it). None where the peer announces no
   * address on the link: then the dial fails.
   */
  readonly addresses: readonly { readonly address: string; readonly family: 4 | 6 }[]
  readonly security: Security
  /** Milliseconds until the whole dial, TLS handshake and hello included, has failed. */
  readonly deadlineMs: number
  readonly slowAfterMs: Limits['slowAfterMs']
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
      lookup: (_host, _options, callback) => {
        if (target.addresses.length > 0) callback(null, [...target.addresses])
        else callback(offLink(target.uuid), [])
      }
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
    return performance.now() - this.#since > this.#target.slowAfterMs[this.#connected ? 'connected' : 'connecting']
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
    this.#target.security.client(this.#socket, this.#onSecured)
  }

  readonly #onSecured = (result: Socket | TcpnetError | null): void => {
    if (this.#ended) return
    if (result === null || result instanceof TcpnetError) return this.#fail(result ?? hasEnded())
    if (result !== this.#socket) this.#leave()
    this.#socket = result
    result.write(encodeHello(this.#target.hello()))
    this.#sent = true
    this.#stopReading = readLine(result, this.#onLine)
  }

  readonly #onLine = (line: Line): void => {
    if (this.#ended) return
    const answer = typeof line === 'string' ? decodeAnswer(line) : (line ?? this.#silence())
    if (answer instanceof Error) return this.#fail(answer)
    if (answer.status === 'refused') return this.#fail(refusal(answer.reason))
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
      `It ${step} within ${waitedMs} ms: its host is gone, hangs or drops packets. It is dialed again while it is announced.`
    )
  }

  #fail(error: Error): void {
    const told = error instanceof TcpnetError ? this.#naming(error) : error
    this.#end({ kind: 'failed', error: told, addresses: this.tried() })
    this.#socket.destroy()
  }

  /** The same error, with the peer, its address and its port in the message. Errors of the system name the latter two. */
  #naming({ code, message, cause }: TcpnetError): TcpnetError {
    const { uuid, port, addresses } = this.#target
    const [first, ...others] = addresses.map(({ address }) => address)
    const reached = this.#connected ? this.#socket.remoteAddress : undefined
    const more = reached === undefined && others.length > 0 ? ` and ${others.length} more addresses` : ''
    const at = endpoint(reached ?? first ?? '', port)
    return new TcpnetError(code, `The dial of the peer ${uuid} at ${at}${more} failed. ${message}`, cause)
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
  invalid: 'it found a field of our hello wrong: use one major version of tcpnet in a cluster',
  name: 'it belongs to a cluster of another name: the announcement is stale',
  'not-me': 'it has another uuid: the announcement is stale',
  self: 'it has our own uuid: give every service a uuid of its own',
  full: 'it has as many peers as its maxPeers allows: raise that',
  busy: 'it has too many connections in progress: it is dialed again'
}

function offLink(uuid: string): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_OFF_LINK',
    `The peer ${uuid} announces no address in a subnet of the interface on which it is seen: it is not dialed, but may dial ` +
      'this service. Give both hosts addresses of one network, or enable IPv6.'
  )
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
    'It closed the connection after the TLS handshake, without an answer: it does not accept our certificate, or is ' +
      'closing. Its "rejected" event says which.'
  )
}

function refusal(reason: RefusalReason | null): TcpnetError {
  const said = reason === null ? 'it did not say why' : REFUSALS[reason]
  return new TcpnetError('ERR_TCPNET_REFUSED', `It refused the connection: ${said}.`)
}
