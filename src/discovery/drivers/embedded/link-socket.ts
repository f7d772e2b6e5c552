import { createSocket, type RemoteInfo } from 'node:dgram'
import type { InterfaceAddress } from '../../../addon.js'
import { scopeOf } from '../../../net/interfaces.js'
import { GROUPS, PORT } from '../../../net/multicast-dns.js'
import { trace } from '../../../trace.js'
import type { Sender } from './responder.js'

/** The IP TTL of all messages, multicast and unicast (RFC 6762 §11). */
const TTL = 255
/** Errors of sending to the group that mean that the interface has no route or no address yet, or is gone. */
const USELESS = ['ENETUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN', 'ENODEV', 'ENXIO']
/** The longest time, in milliseconds, to wait for messages to be sent before a socket is closed. */
const FLUSH_MS = 500

/** What differs between systems. */
export interface SocketSystem {
  /**
   * What a socket is bound to. With `group` it receives no unicast, which is left to a daemon on the same host. `all`
   * is for systems that cannot bind to a group, or that would use the group as the source address.
   */
  readonly bindTo: 'group' | 'all'
  /** The scope of an interface's IPv6 addresses, which is written after `%`. */
  readonly scopeOf: (entry: InterfaceAddress) => string
  /** Makes a socket that shares its port. */
  readonly createSocket: (family: 4 | 6, onMessage: (bytes: Buffer, from: RemoteInfo) => void) => MdnsSocket
}

/** What is used of a socket. */
export interface MdnsSocket {
  on(event: 'error', listener: (error: Error) => void): unknown
  unref(): unknown
  bind(options: { port: number; address: string; exclusive: boolean }, done: () => void): unknown
  addMembership(group: string, interfaceAddress: string): void
  setMulticastInterface(interfaceAddress: string): void
  setMulticastTTL(ttl: number): unknown
  setTTL(ttl: number): unknown
  setMulticastLoopback(isOn: boolean): unknown
  send(message: Buffer, port: number, address: string, done: (error: Error | null) => void): void
  close(): unknown
}

export const SOCKET_SYSTEM: SocketSystem = {
  bindTo: process.platform === 'win32' || process.platform === 'darwin' ? 'all' : 'group',
  scopeOf,
  createSocket: (family, onMessage) =>
    createSocket(
      {
        type: family === 4 ? 'udp4' : 'udp6',
        reuseAddr: true,
        ...(family === 4 ? {} : { ipv6Only: true }),
        // All addresses are numeric. Without a lookup, messages are sent within the call, so their order is kept.
        lookup: (address, _options, found) => found(null, address, family)
      },
      onMessage
    )
}

export interface LinkSocketOptions {
  /** An address of the interface, of the socket's family. */
  readonly entry: InterfaceAddress
  readonly system: SocketSystem
  readonly onMessage: (bytes: Buffer, from: RemoteInfo) => void
  /** The socket cannot be used, or no longer. Called at most once. */
  readonly onError: (error: Error & { code?: string }) => void
}

/** The socket of one interface and family. It shares port 5353 with other sockets of this process and of others. */
export class LinkSocket {
  readonly #options: LinkSocketOptions
  readonly #socket: MdnsSocket
  readonly #scope: string
  readonly #group: string
  #state: 'opening' | 'open' | 'closed' = 'opening'
  /** The number of messages that are being sent, and the callbacks for when there are none. */
  #pending = 0
  #flushed: (() => void)[] = []

  constructor(options: LinkSocketOptions) {
    this.#options = options
    const { entry, system } = options
    const isV4 = entry.family === 4
    this.#scope = system.scopeOf(entry)
    this.#group = isV4 ? GROUPS[4] : `${GROUPS[6]}%${this.#scope}`
    this.#socket = system.createSocket(entry.family, (bytes, from) => {
      if (this.#state === 'open') options.onMessage(bytes, from)
    })
    this.#socket.on('error', this.#fail)
    this.#socket.unref()
  }

  /** @param done called when the socket can send, possibly from within, as {@link LinkSocketOptions.onError} */
  open(done: () => void): void {
    const isV4 = this.#options.entry.family === 4
    const address = this.#options.system.bindTo === 'group' ? this.#group : isV4 ? '0.0.0.0' : '::'
    // Not shared between the workers of node:cluster: each has its own socket.
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

  /** Resolves when all messages have been sent, or after a short time. */
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
      // So that other processes of this host receive the messages.
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
    trace('cannot send to %s on %s: %s', address, this.#options.entry.name, error.message)
  }

  readonly #fail = (error: Error): void => {
    if (this.#state === 'closed') return
    this.close()
    this.#options.onError(error)
  }
}
