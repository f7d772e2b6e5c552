import type { Socket } from 'node:net'
import { TcpnetError } from '../errors.js'
import type { Line } from '../net/line.js'
import { RecentlyTold } from '../recently-told.js'
import { OtherSecretError } from '../security/other-secret.js'
import type { Channel, Security } from '../security/security.js'
import { trace } from '../trace.js'
import { type Answer, decodeHello, encodeAnswer, type Hello, HelloError, type RefusalReason } from './hello.js'
import { busy, infoOf, misdirected, otherUuid, ownUuid, type RejectInfo, tellRejected, tooSilent } from './refusals.js'

export interface AcceptorOptions {
  readonly name: string
  readonly uuid: string
  readonly security: Security
  /** Milliseconds for the whole hello, the TLS handshake under it included. */
  readonly deadlineMs: number
  /** How many inbound connections may be unanswered at a time. */
  readonly maxHellos: number
  /** How many of them may come from one address. */
  readonly maxHellosPerAddress: number
  /** Milliseconds after which one that has brought no hello makes way for others, where there are too many. */
  readonly silentAfterMs: number
  /** Whether a peer was connected at an address. */
  readonly isKnown: (address: string) => boolean
  /** A hello that is meant for us. The applicant waits for its answer. */
  readonly onApplicant: (applicant: Applicant) => void
  readonly onRejected: (error: TcpnetError, info: RejectInfo) => void
}

interface ApplicantOptions extends AcceptorOptions {
  /** The uuids that were claimed with another secret. */
  readonly told: RecentlyTold
}

/** Reads the hellos of inbound connections, within bounds of time, size and number. */
export class Acceptor {
  readonly #options: ApplicantOptions
  /** Connections that are not answered, oldest first, with the address of each. */
  readonly #pending = new Map<Applicant, string>()
  readonly #perAddress = new Map<string, number>()
  #closed = false

  constructor(options: AcceptorOptions) {
    this.#options = { ...options, told: new RecentlyTold() }
  }

  /** Takes a connection that the server has accepted. */
  admit(socket: Socket): void {
    // This listener stays for good: a socket whose user sets none must not crash the process.
    socket.on('error', ignore)
    const address = socket.remoteAddress ?? ''
    if (!this.#makeRoom(address)) {
      tellRejected(this.#options, busy(), infoOf(socket))
      // In plain text: within TLS it would take the very handshake that is to be spared.
      if (this.#options.security.mode === 'none') {
        socket.write(encodeAnswer({ status: 'refused', reason: 'busy' }))
        socket.destroySoon()
      } else {
        socket.destroy()
      }
      return
    }
    // A listener may have closed the service when another gave way.
    if (this.#closed) {
      socket.destroy()
      return
    }
    // Only now is it counted how many there are: one of the same address may just have given way.
    this.#perAddress.set(address, this.#countOf(address) + 1)
    const applicant = new Applicant(socket, this.#options, () => {
      this.#pending.delete(applicant)
      const left = this.#countOf(address) - 1
      if (left > 0) this.#perAddress.set(address, left)
      else this.#perAddress.delete(address)
    })
    this.#pending.set(applicant, address)
  }

  #countOf(address: string): number {
    return this.#perAddress.get(address) ?? 0
  }

  /**
   * Makes room for one more connection from an address, at the expense of silent ones: a peer says its hello at once.
   *
   * @returns whether there is room
   */
  #makeRoom(address: string): boolean {
    const isOld = (applicant: Applicant) => applicant.isOld
    const count = this.#countOf(address)
    if (count >= this.#options.maxHellosPerAddress)
      return this.#evict((applicant, from) => from === address && isOld(applicant))
    if (this.#pending.size < this.#options.maxHellos || this.#evict(isOld)) return true
    const [crowded, most] = this.#mostCrowded()
    if (most > count + 1) return this.#evict((_applicant, from) => from === crowded)
    const { isKnown } = this.#options
    return isKnown(address) && this.#evict((_applicant, from) => !isKnown(from))
  }

  /** The address that most connections come from, and how many. */
  #mostCrowded(): [address: string, count: number] {
    let most: [string, number] = ['', 0]
    for (const entry of this.#perAddress) if (entry[1] > most[1]) most = entry
    return most
  }

  /**
   * Drops the oldest connection that has sent no hello yet, of those for which `isMeant` holds.
   *
   * @returns whether there was one
   */
  #evict(isMeant: (applicant: Applicant, address: string) => boolean): boolean {
    for (const [applicant, address] of this.#pending) {
      if (!applicant.isSilent || !isMeant(applicant, address)) continue
      applicant.giveWay()
      return true
    }
    return false
  }

  /** Drops every connection that is not answered. */
  close(): void {
    this.#closed = true
    for (const applicant of [...this.#pending.keys()]) applicant.drop()
  }
}

/** An inbound connection that is not answered yet. Exactly one of accept, decline, refuse and drop settles it. */
export class Applicant {
  readonly #options: ApplicantOptions
  readonly #onSettled: () => void
  readonly #deadline: NodeJS.Timeout
  readonly #since = performance.now()
  #socket: Socket
  /** Null until the connection is secured. */
  #channel: Channel | null = null
  #stopReading: () => void = () => {}
  #hello: Hello | null = null
  #settled = false

  constructor(socket: Socket, options: ApplicantOptions, onSettled: () => void) {
    this.#socket = socket
    this.#options = options
    this.#onSettled = onSettled
    this.#deadline = setTimeout(this.#onDeadline, options.deadlineMs)
    options.security.server(socket, this.#onSecured)
  }

  /** Whether it has closed meanwhile. */
  get gone(): boolean {
    return this.#socket.destroyed
  }

  /** Whether a peer would have said its hello by now. */
  get isOld(): boolean {
    return performance.now() - this.#since >= this.#options.silentAfterMs
  }

  get isSilent(): boolean {
    return this.#hello === null
  }

  /** What it said; only to be asked once `onApplicant` was called with it. */
  get hello(): Hello {
    if (this.#hello === null) throw new Error('The hello has not been read yet.')
    return this.#hello
  }

  /** Answers `ok`. Returns the socket, which is the caller's from here on; null where it has closed meanwhile. */
  accept(answer: Answer & { status: 'ok' }): Socket | null {
    if (!this.#settle() || this.#socket.destroyed || !this.#socket.writable) {
      this.#socket.destroy()
      return null
    }
    this.#channel?.send(encodeAnswer(answer))
    return this.#socket
  }

  /** Answers `connected`. */
  decline(): void {
    if (this.#settle()) this.#sendLast({ status: 'connected' })
  }

  /**
   * Answers `refused`, and tells.
   *
   * @param error why; its message names neither end
   */
  refuse(reason: RefusalReason, error: TcpnetError): void {
    const info = infoOf(this.#socket, this.#hello?.from)
    if (!this.#settle()) return
    this.#sendLast({ status: 'refused', reason })
    tellRejected(this.#options, error, info)
  }

  /** Closes it without a word. */
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
    // Not told: peers drop dials before the hello, too, as those of a race of addresses that was won by another.
    if (line === null) return this.drop()
    const hello = typeof line === 'string' ? decodeHello(line) : line
    if (hello instanceof HelloError && hello.reason !== null) return this.refuse(hello.reason, hello)
    if (hello instanceof TcpnetError) return this.#reject(hello)
    const proven = this.#channel?.peer ?? hello.from
    if (proven !== hello.from) return this.#reject(otherUuid())
    this.#hello = hello
    const objection = this.#objectionTo(hello)
    if (objection !== null) return this.refuse(...objection)
    // From here on it waits for our answer, which comes when our own dial or our old connection has ended.
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

  /** Refuses it, silent as it is, in favour of another. */
  giveWay(): void {
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
    if (claimed !== undefined && !this.#options.told.isNews(claimed)) return trace('%s: %s', claimed, error.message)
    tellRejected(this.#options, error, info)
  }

  /** @returns whether it was unsettled */
  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    clearTimeout(this.#deadline)
    this.#stopReading()
    this.#socket.off('close', this.#onClose)
    this.#onSettled()
    return true
  }
}

function ignore(): void {}
