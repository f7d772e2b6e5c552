import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { TcpnetError } from '../errors.js'
import type { Account } from './budget.js'
import type { HandshakeGate, Outcome, Pass } from './gate.js'
import { HandshakeFeed, type Receive } from './handshake-feed.js'
import type { Channel, Secured } from './security.js'

export interface HandshakeOptions {
  readonly gate: HandshakeGate
  /** The account that pays for the handshake. */
  readonly account: () => Account
  /** Begins TLS over the socket, and ends in {@link Handshake.onTls}. */
  readonly begin: (handshake: Handshake) => void
  /** Called when TLS is established; ends in {@link Handshake.succeed} or {@link Handshake.fail}. */
  readonly admit: (secured: TLSSocket, handshake: Handshake) => void
  /** The error to report if the other side closes early; null for none: a member that drops its dial does the same. */
  readonly gone: () => TcpnetError | null
  /** Receives from a socket; null if only Node can. */
  readonly receive: Receive | null
  readonly done: Secured
}

/**
 * Takes one connection from TCP to a channel. It holds a pass of the gate until the other side has proven that it belongs to
 * the cluster, or the connection has closed: then its cost is counted.
 */
export class Handshake {
  readonly raw: Socket
  /** Called when TLS is established or has failed. */
  onOver: () => void = () => {}
  readonly #options: HandshakeOptions
  #secured: TLSSocket | null = null
  #pass: Pass | null = null
  /** Undefined until {@link limit} is called. */
  #feed: HandshakeFeed | null | undefined
  #done = false

  constructor(raw: Socket, options: HandshakeOptions) {
    this.raw = raw
    this.#options = options
    // Lines go both ways, each in its own packet, which must not wait for the acknowledgement of the one before (RFC 896).
    raw.on('close', this.#onClose).setNoDelay(true)
    this.#pass = options.gate.enter({
      account: options.account,
      begin: (pass) => {
        this.#pass = pass
        options.begin(this)
      },
      drop: () => this.fail(tooCostly())
    })
  }

  /**
   * Bounds what TLS gets of the rest of the handshake, in bytes; more ends the connection. Calls after the first are ignored.
   */
  limit(secured: TLSSocket, bytes: number): void {
    const { receive } = this.#options
    if (receive === null || this.#feed !== undefined || this.#secured !== null || this.#done) return
    const onTooLong = () => this.fail(tooLong(bytes))
    this.#feed = HandshakeFeed.begin({ secured, raw: this.raw, limit: bytes, receive, onTooLong })
  }

  /** TLS is established, or has failed. Calls after the first are ignored. */
  readonly onTls = (secured: TLSSocket | null, error: Error | null): void => {
    if (this.#secured !== null || this.#done) return
    this.#over()
    this.#pass?.measure()
    if (secured === null) {
      if (error === null || isGone(error)) return this.#end('gone', this.#options.gone())
      return this.fail(failed(error))
    }
    this.#secured = secured.on('error', destroyThis).on('close', this.#onClose)
    this.#options.admit(secured, this)
  }

  /** Passes the channel to the caller. The other side may still have to prove that it belongs to the cluster. */
  succeed(channel: Channel): void {
    if (this.#done) return
    this.#done = true
    let lines = 0
    const onLine = () => {
      // The default, which the application expects.
      if (++lines === 2) this.raw.setNoDelay(false)
    }
    this.#options.done({
      ...channel,
      send: (line) => {
        channel.send(line)
        onLine()
      },
      receive: (done) =>
        channel.receive((line) => {
          onLine()
          done(line)
        })
    })
  }

  /** To be called in each event: adds the cost of the event. */
  measure(): void {
    this.#pass?.measure()
  }

  /** The other side has closed the connection. */
  leave(): void {
    this.#end('gone', null)
  }

  /** The other side has proven that it belongs to the cluster. */
  prove(): void {
    this.#leave()
    this.#pass?.end('proven')
  }

  /** From here on the other side can check one guess at the secret. */
  guess(): void {
    this.#pass?.guess()
  }

  /** Counts time of the event loop that the connection took after the handshake. */
  charge(timeMs: number): void {
    this.#options.gate.charge(this.#options.account(), timeMs)
  }

  /** Ends the connection; nothing is reported if `error` is null. */
  fail(error: TcpnetError | null): void {
    this.#end('failed', error)
  }

  #end(outcome: Outcome, error: TcpnetError | null): void {
    this.#over()
    this.#leave()
    this.#pass?.end(outcome)
    this.#secured?.destroy()
    this.raw.destroy()
    if (this.#done) return
    this.#done = true
    this.#options.done(error)
  }

  #over(): void {
    this.onOver()
    this.#feed?.end()
  }

  #leave(): void {
    this.raw.off('close', this.#onClose)
    this.#secured?.off('close', this.#onClose)
  }

  readonly #onClose = (): void => this.#end('gone', this.#options.gone())
}

/**
 * A listener for the errors of a secured socket. After a record that cannot be decrypted Node leaves the socket open, but reads
 * nothing more: one altered byte would make a connection that never ends.
 */
function destroyThis(this: TLSSocket): void {
  this.destroy()
}

/** Whether the other side closed the connection during the handshake, as a dialer does when it drops its dial. */
function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE'
}

/** The handshake ended without the proof that both sides belong to the same cluster. */
export function failed(cause: NodeJS.ErrnoException, or = ''): TcpnetError {
  const said = cause.code ?? cause.message
  return new TcpnetError(
    'ERR_TCPNET_TLS',
    `The TLS handshake failed (${said}): the two sides have no secret, or no certificate authority, in common${or}. ` +
      'Give every service of the cluster the same secret, or valid certificates of one authority.',
    cause
  )
}

function tooLong(limit: number): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_TLS',
    `The TLS handshake was ended: the other side's part of it has more than ${limit} bytes, which takes too long to check. With ` +
      '"tls", give all services of the cluster certificates of about the same size, and short chains.'
  )
}

function tooCostly(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_BUSY',
    'A handshake was ended: failed handshakes of the same address, or of unproven addresses, have taken too much time. ' +
      'Find the hosts that connect to this port or announce false services.'
  )
}
