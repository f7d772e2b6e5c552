import type { Socket } from 'node:net'
import { TcpnetError } from '../errors.js'
import { canonical } from '../net/addresses.js'
import type { Line } from '../net/line.js'
import type { RecentReports } from '../recent-reports.js'
import { OtherSecretError } from '../security/other-secret.js'
import type { Channel, Security } from '../security/security.js'
import { trace } from '../trace.js'
import { type Answer, decodeHello, encodeAnswer, type Hello, HelloError, type RefusalReason } from './hello.js'
import {
  busy,
  infoOf,
  misdirected,
  otherUuid,
  ownUuid,
  type RejectInfo,
  reportRejected,
  tooSilent
} from './refusals.js'

export interface ApplicantOptions {
  readonly name: string
  readonly uuid: string
  readonly security: Security
  /** Milliseconds for the whole hello, the TLS handshake under it included. */
  readonly deadlineMs: number
  /** Milliseconds after which a connection without a hello is dropped in favour of others, if there are too many. */
  readonly silentAfterMs: number
  /** Called with a connection whose hello is meant for us. It waits for its answer. */
  readonly onApplicant: (applicant: Applicant) => void
  readonly onRejected: (error: TcpnetError, info: RejectInfo) => void
  /** The uuids that were claimed with another secret. Each is reported once a minute; by default, each time. */
  readonly reports?: RecentReports
}

/** An inbound connection that is not answered yet. Exactly one of accept, decline, refuse and drop settles it. */
export class Applicant {
  readonly #options: ApplicantOptions
  readonly #onSettled: (isPeer: boolean) => void
  readonly #deadline: NodeJS.Timeout
  readonly #since = performance.now()
  #socket: Socket
  /** Null until the connection is secured. */
  #channel: Channel | null = null
  #stopReading: () => void = () => {}
  #hello: Hello | null = null
  #settled = false

  /** @param onSettled called once; `isPeer`: whether it came from a peer that follows the protocol, whatever the answer */
  constructor(socket: Socket, options: ApplicantOptions, onSettled: (isPeer: boolean) => void) {
    this.#socket = socket
    this.#options = options
    this.#onSettled = onSettled
    this.#deadline = setTimeout(this.#onDeadline, options.deadlineMs)
    options.security.server(socket, this.#onSecured)
  }

  /** Whether the connection has closed. */
  get gone(): boolean {
    return this.#socket.destroyed
  }

  /** Whether a peer would have sent its hello by now. */
  get isOld(): boolean {
    return performance.now() - this.#since >= this.#options.silentAfterMs
  }

  /** The other end's address in canonical form; empty if the connection has closed. */
  get address(): string {
    return canonical(this.#socket.remoteAddress ?? '')
  }

  get isSilent(): boolean {
    return this.#hello === null
  }

  /** The hello that was received; to be read only after `onApplicant` was called. */
  get hello(): Hello {
    if (this.#hello === null) throw new Error('The hello has not been read yet.')
    return this.#hello
  }

  /** Answers `ok`. Returns the socket, which belongs to the caller from then on; null if it has closed. */
  accept(answer: Answer & { status: 'ok' }): Socket | null {
    const isOpen = !this.#socket.destroyed && this.#socket.writable
    if (!this.#settle(isOpen) || !isOpen) {
      this.#socket.destroy()
      return null
    }
    this.#channel?.send(encodeAnswer(answer))
    return this.#socket
  }

  /** Answers `connected`. */
  decline(): void {
    if (this.#settle(true)) this.#sendLast({ status: 'connected' })
  }

  /**
   * Answers `refused`, and reports the refusal.
   * @param error the reason; its message names neither end
   */
  refuse(reason: RefusalReason, error: TcpnetError): void {
    const info = infoOf(this.#socket, this.#hello?.from)
    if (!this.#settle()) return
    this.#sendLast({ status: 'refused', reason })
    reportRejected(this.#options, error, info)
  }

  /** Closes the connection without an answer. */
  drop(): void {
    if (this.#settle()) this.#socket.destroy()
  }

  readonly #onSecured = (result: Channel | TcpnetError | null): void => {
    if (this.#settled) return
    if (result === null) return this.drop()
    if (result instanceof TcpnetError) return this.#reject(result)
    this.#channel = result
    this.#socket = result.socket
    this.#stopReading = result.receive(this.#onLine)
  }

  /** Sends an answer that ends the connection. */
  #sendLast(answer: Answer): void {
    this.#channel?.send(encodeAnswer(answer))
    this.#socket.destroySoon()
  }

  readonly #onLine = (line: Line): void => {
    if (this.#settled) return
    // Not reported: peers also drop dials before the hello, for example when another address has won the race.
    if (line === null) return this.drop()
    const hello = typeof line === 'string' ? decodeHello(line) : line
    if (hello instanceof HelloError && hello.reason !== null) return this.refuse(hello.reason, hello)
    if (hello instanceof TcpnetError) return this.#reject(hello)
    const proven = this.#channel?.peer ?? hello.from
    if (proven !== hello.from) return this.#reject(otherUuid())
    this.#hello = hello
    const objection = this.#objectionTo(hello)
    if (objection !== null) return this.refuse(...objection)
    // From here on it waits for our answer, which is sent when our own dial or our old connection has ended.
    clearTimeout(this.#deadline)
    this.#socket.on('close', this.#onClose)
    this.#options.onApplicant(this)
  }

  #objectionTo(hello: Hello): [RefusalReason, TcpnetError] | null {
    const { name, uuid } = this.#options
    if (hello.name !== name) return ['name', misdirected('ERR_TCPNET_NAME', 'a cluster of another name')]
    if (hello.to !== uuid) return ['not-me', misdirected('ERR_TCPNET_NOT_ME', `the service ${hello.to}, not ${uuid}`)]
    if (hello.from === uuid) return ['self', ownUuid()]
    return null
  }

  /** Refuses the connection, which has sent no hello, in favour of another. */
  evict(): void {
    this.#reject(this.isOld ? tooSilent(this.#options.silentAfterMs) : busy())
  }

  readonly #onDeadline = (): void => this.#reject(tooSilent(this.#options.deadlineMs))

  readonly #onClose = (): void => {
    trace('inbound connection closed before it was answered')
    this.#settle()
  }

  #reject(error: TcpnetError): void {
    const claimed = error instanceof OtherSecretError ? error.claimed : undefined
    const info = infoOf(this.#socket, this.#hello?.from ?? claimed)
    if (!this.#settle()) return
    this.#socket.destroy()
    if (claimed !== undefined && this.#options.reports?.shouldReport(claimed) === false)
      return trace('%s: %s', claimed, error.message)
    reportRejected(this.#options, error, info)
  }

  /** @returns whether it was unsettled */
  #settle(isPeer = false): boolean {
    if (this.#settled) return false
    this.#settled = true
    clearTimeout(this.#deadline)
    this.#stopReading()
    this.#socket.off('close', this.#onClose)
    this.#onSettled(isPeer)
    return true
  }
}
