import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { InterfaceAddress } from '../../../addon.js'
import { scopeOf } from '../../../net/interfaces.js'
import { GROUPS, PORT } from '../../../net/multicast-dns.js'
import { trace } from '../../../trace.js'
import type { Sender } from './responder.js'

/** Every message is sent with this TTL, by multicast and by unicast (RFC 6762 §11). */
const TTL = 255
/** Why an interface cannot send to its group: it has no route there, as the loopback interface over IPv6, no address yet, or is gone. */
const USELESS = ['ENETUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN', 'ENODEV', 'ENXIO']
/** Milliseconds that what was sent has to leave, when a socket is closed. */
const FLUSH_MS = 500

/** What differs between systems. */
export interface SocketSystem {
  /**
   * What a socket is bound to. The group: it takes no unicast then, which a daemon on the same host is to get. All addresses, on
   * systems that bind to no group, or send from what a socket is bound to.
   */
  readonly bindTo: 'group' | 'all'
  /** What tells an IPv6 address's interface, after `%`. */
  readonly scopeOf: (entry: InterfaceAddress) => string
}

export const SOCKET_SYSTEM: SocketSystem = {
  bindTo: process.platform === 'win32' || process.platform === 'darwin' ? 'all' : 'group',
  scopeOf
}

export interface LinkSocketOptions {
  /** One address of the interface, of the family that is used. */
  readonly entry: InterfaceAddress
  readonly system: SocketSystem
  readonly onMessage: (bytes: Buffer, from: RemoteInfo) => void
  /** It cannot be used, or not any more. Once. */
  readonly onError: (error: Error & { code?: string }) => void
}

/** The socket of one interface and family: bound to port 5353 together with others, of this process and of other programs. */
export class LinkSocket {
  readonly #options: LinkSocketOptions
  readonly #socket: Socket
  readonly #scope: string
  readonly #group: string
  #state: 'opening' | 'open' | 'closed' = 'opening'
  /** Messages that have not left yet, and who waits for that. */
  #pending = 0
  #flushed: (() => void)[] = []

  constructor(options: LinkSocketOptions) {
    this.#options = options
    const { entry, system } = options
    const isV4 = entry.family === 4
    this.#scope = system.scopeOf(entry)
    this.#group = isV4 ? GROUPS[4] : `${GROUPS[6]}%${this.#scope}`
    this.#socket = createSocket({
      type: isV4 ? 'udp4' : 'udp6',
      reuseAddr: true,
      ...(isV4 ? {} : { ipv6Only: true }),
      // Every address is one already: so nothing is looked up, and a message is sent within the call, in the order of the calls.
      lookup: (address, _options, found) => found(null, address, entry.family)
    })
    this.#socket.on('error', this.#fail)
    this.#socket.on('message', (bytes, from) => {
      if (this.#state === 'open') options.onMessage(bytes, from)
    })
    this.#socket.unref()
  }

  /** @param done called once it can send; it may be from within, as may {@link LinkSocketOptions.onError} */
  open(done: () => void): void {
    const isV4 = this.#options.entry.family === 4
    const address = this.#options.system.bindTo === 'group' ? this.#group : isV4 ? '0.0.0.0' : '::'
    // Exclusive: the workers of node:cluster have sockets of their own.
    this.#socket.bind({ port: PORT, address, exclusive: true }, () => {
      if (this.#state === 'opening' && this.#join()) done()
    })
  }

  /** Sends by multicast. */
  send(message: Buffer): void {
    this.#send(message, PORT, this.#group)
  }

  /** Sends to one address. */
  reply(message: Buffer, to: Sender): void {
    this.#send(message, to.port, to.address)
  }

  /** Resolves when what was sent has left, or shortly after where it does not. */
  flushed(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, FLUSH_MS)
      this.#flushed.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** Idempotent. */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#socket.close()
  }

  #join(): boolean {
    const { family, address } = this.#options.entry
    const interfaceAddress = family === 4 ? address : `::%${this.#scope}`
    try {
      this.#socket.addMembership(GROUPS[family], interfaceAddress)
      this.#socket.setMulticastInterface(interfaceAddress)
      this.#socket.setMulticastTTL(TTL)
      this.#socket.setTTL(TTL)
      // Other processes of this host hear what is sent.
      this.#socket.setMulticastLoopback(true)
    } catch (error) {
      this.#fail(error as Error)
      return false
    }
    this.#state = 'open'
    return true
  }

  #send(message: Buffer, port: number, address: string): void {
    if (this.#state !== 'open') return
    this.#pending++
    this.#socket.send(message, port, address, (error) => {
      if (error !== null) this.#onNotSent(error, address)
      this.#pending--
      if (this.#pending === 0) for (const flushed of this.#flushed.splice(0)) flushed()
    })
  }

  #onNotSent(error: NodeJS.ErrnoException, address: string): void {
    if (address === this.#group && USELESS.includes(error.code ?? '')) return this.#fail(error)
    trace('nothing is sent to %s on %s: %s', address, this.#options.entry.name, error.message)
  }

  readonly #fail = (error: Error): void => {
    if (this.#state === 'closed') return
    this.close()
    this.#options.onError(error)
  }
}
