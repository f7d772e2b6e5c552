import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { TcpnetError } from '../errors.js'
import type { Account } from './budget.js'
import type { HandshakeGate, Outcome, Pass } from './gate.js'
import type { Channel, Secured } from './security.js'

export interface HandshakeOptions {
  readonly gate: HandshakeGate
  /** Whose budget the handshake uses. */
  readonly account: () => Account
  /** Begins TLS over the socket, and ends in {@link Handshake.onTls}. */
  readonly begin: (handshake: Handshake) => void
  /** What follows TLS: ends in {@link Handshake.succeed} or {@link Handshake.fail}. */
  readonly admit: (secured: TLSSocket, handshake: Handshake) => void
  /** What is told where the other side goes away: a dialer that drops its dial is no stranger. */
  readonly gone: () => TcpnetError | null
  readonly done: Secured
}

/**
 * One connection on its way from TCP to a channel. It has a pass of the gate until the other side has proven that it
 * belongs, or the connection has closed: what it has cost is counted then.
 */
export class Handshake {
  readonly raw: Socket
  /** Called once TLS is through or has failed. */
  onOver: () => void = () => {}
  readonly #options: HandshakeOptions
  #secured: TLSSocket | null = null
  #pass: Pass | null = null
  #done = false

  constructor(raw: Socket, options: HandshakeOptions) {
    this.raw = raw
    this.#options = options
    // Lines go both ways, each in a packet of its own: none waits for the last one's acknowledgement (RFC 896).
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

  /** TLS is through, or has failed. Calls after the first are ignored. */
  readonly onTls = (secured: TLSSocket | null, error: Error | null): void => {
    if (this.#secured !== null || this.#done) return
    this.onOver()
    this.#pass?.measure()
    if (secured === null) {
      if (error === null || isGone(error)) return this.#end('gone', this.#options.gone())
      return this.fail(failed(error))
    }
    this.#secured = secured.on('error', destroyThis).on('close', this.#onClose)
    this.#options.admit(secured, this)
  }

  /** The caller gets the channel. The other side may still have to prove that it belongs. */
  succeed(channel: Channel): void {
    if (this.#done) return
    this.#done = true
    const receive: Channel['receive'] = (done) =>
      channel.receive((line) => {
        // As the application expects it of a socket.
        this.raw.setNoDelay(false)
        done(line)
      })
    this.#options.done({ ...channel, receive })
  }

  /** To be called in each event: what it has cost is counted. */
  measure(): void {
    this.#pass?.measure()
  }

  /** The other side has gone away. */
  leave(): void {
    this.#end('gone', null)
  }

  /** The other side belongs. */
  prove(): void {
    this.#leave()
    this.#pass?.end('proven')
  }

  /** The other side can tell from here on whether one guess at the secret was right. */
  guess(): void {
    this.#pass?.guess()
  }

  /** The connection has cost so many milliseconds after the handshake. */
  charge(timeMs: number): void {
    this.#options.gate.charge(this.#options.account(), timeMs)
  }

  /** Ends the connection; with null nothing is told. */
  fail(error: TcpnetError | null): void {
    this.#end('failed', error)
  }

  #end(outcome: Outcome, error: TcpnetError | null): void {
    this.onOver()
    this.#leave()
    this.#pass?.end(outcome)
    this.#secured?.destroy()
    this.raw.destroy()
    if (this.#done) return
    this.#done = true
    this.#options.done(error)
  }

  #leave(): void {
    this.raw.off('close', this.#onClose)
    this.#secured?.off('close', this.#onClose)
  }

  readonly #onClose = (): void => this.#end('gone', this.#options.gone())
}

/**
 * A listener for the errors of a secured socket. Node leaves the socket open after a record that cannot be decrypted, and
 * reads nothing of it any more: an altered byte would be a connection that never ends.
 */
function destroyThis(this: TLSSocket): void {
  this.destroy()
}

/** Whether the other side has gone in the middle of a handshake, as a dialer does that drops its dial. */
function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE'
}

/** The handshake ended without the proof that both sides belong to the same cluster. */
export function failed(cause: NodeJS.ErrnoException, or = ''): TcpnetError {
  const said = cause.code ?? cause.message
  return new TcpnetError(
    'ERR_TCPNET_TLS',
    `The TLS handshake failed (${said}): the two sides have no secret, or no certificate authority, in common${or}. ` +
      'Give every service of the cluster the same secret, or certificates of one authority that are valid.',
    cause
  )
}

function tooCostly(): TcpnetError {
  return new TcpnetError(
    'ERR_TCPNET_BUSY',
    'A handshake was ended: others from the same address, or from addresses never proven, have failed at too great a cost. ' +
      'Find out which hosts connect to this port, or announce false services.'
  )
}
