import type { RemoteInfo } from 'node:dgram'
import type { InterfaceAddress } from '../../../addon.js'
import type { Clock } from './clock.js'
import { Echoes } from './echoes.js'
import { type LinkOptions, type LinkTimes, MdnsLink } from './link.js'
import { LinkSocket, type SocketSystem } from './link-socket.js'

/** An interface and family for which a link can be opened. */
export interface LinkPlace {
  /** The address that selects the interface for a socket. */
  readonly entry: InterfaceAddress
  /** All addresses of the interface, of both families. */
  readonly addresses: readonly InterfaceAddress[]
}

export interface ActiveOptions extends Pick<LinkOptions, 'isOurs' | 'remote'> {
  readonly clock: Clock
  readonly times: LinkTimes
  readonly system: SocketSystem
  /** May be called with an echo: see {@link ActiveLink.isEcho}. */
  readonly onMessage: (bytes: Buffer, from: RemoteInfo) => void
  /** The link can send, for the first time or with a new socket. May be called from within {@link ActiveLink.open}. */
  readonly onOpen: (isFirst: boolean) => void
  /** The link cannot be used, or no longer. May be called from within {@link ActiveLink.open}. */
  readonly onFailed: (error: NodeJS.ErrnoException) => void
}

/** A link and its socket. */
export class ActiveLink<User> {
  readonly index: number
  readonly name: string
  readonly family: 4 | 6
  readonly link: MdnsLink
  /** The services that use the link. */
  readonly users = new Set<User>()
  readonly #options: ActiveOptions
  readonly #echoes: Echoes
  #place: LinkPlace
  #socket: LinkSocket
  #isOpen = false

  constructor(place: LinkPlace, options: ActiveOptions) {
    const { clock, times, isOurs, remote } = options
    this.index = place.entry.index
    this.name = place.entry.name
    this.family = place.entry.family
    this.#place = place
    this.#options = options
    this.#echoes = new Echoes(() => clock.now())
    this.#socket = this.#newSocket()
    this.link = new MdnsLink({
      clock,
      times,
      family: this.family,
      remote,
      isOurs,
      send: (message) => {
        this.#echoes.sent(message)
        this.#socket.send(message)
      },
      reply: (message, to) => this.#socket.reply(message, to)
    })
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get place(): LinkPlace {
    return this.#place
  }

  get addresses(): readonly InterfaceAddress[] {
    return this.#place.addresses
  }

  open(): void {
    const socket = this.#socket
    socket.open(() => {
      if (socket !== this.#socket) return
      const isFirst = !this.#isOpen
      this.#isOpen = true
      this.#options.onOpen(isFirst)
    })
  }

  /** Updates the addresses, and opens a new socket if it is needed. Returns whether they have changed without that. */
  follow(place: LinkPlace): boolean {
    const before = this.#place
    if (hasSameAddresses(before, place)) return false
    // An IPv4 socket selects its interface by address, and fails once the interface has lost that address.
    const isStale = this.family === 4 && !hasAddress(place, before.entry.address)
    this.#place = isStale ? place : { entry: before.entry, addresses: place.addresses }
    if (!isStale) return this.#isOpen
    this.#socket.close()
    this.#socket = this.#newSocket()
    this.open()
    return false
  }

  /** Whether a message from this machine was sent by this link. */
  isEcho(bytes: Buffer): boolean {
    return this.#echoes.take(bytes)
  }

  /** Resolves when all messages have been sent, or after a short time. */
  flushed(): Promise<void> {
    return this.#socket.flushed()
  }

  close(): void {
    this.#isOpen = false
    this.link.close()
    this.#socket.close()
  }

  #newSocket(): LinkSocket {
    const { system, onMessage, onFailed } = this.#options
    const socket: LinkSocket = new LinkSocket({
      entry: this.#place.entry,
      system,
      onMessage,
      onError: (error) => {
        if (socket === this.#socket) onFailed(error)
      }
    })
    return socket
  }
}

export function hasSameAddresses(one: LinkPlace, other: LinkPlace): boolean {
  return (
    one.addresses.length === other.addresses.length && one.addresses.every(({ address }) => hasAddress(other, address))
  )
}

function hasAddress({ addresses }: LinkPlace, wanted: string): boolean {
  return addresses.some(({ address }) => address === wanted)
}
