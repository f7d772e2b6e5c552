import type { Socket } from 'node:net'
import { RecentlyTold } from '../recently-told.js'
import { type BucketLimits, TokenBucket } from '../token-bucket.js'
import { TokenBuckets } from '../token-buckets.js'
import { Applicant, type ApplicantOptions } from './applicant.js'
import { encodeAnswer } from './hello.js'
import { busy, infoOf, tellRejected } from './refusals.js'
import { WaitingRoom } from './waiting-room.js'

export interface AcceptorOptions extends ApplicantOptions {
  /** How many inbound connections may be unanswered at a time. */
  readonly maxHellos: number
  /** How many of them may come from one address. */
  readonly maxHellosPerAddress: number
  /** How many connections may wait for a place. */
  readonly maxWaiting: number
  /** Milliseconds for which they may. */
  readonly waitingMs: number
  /** Whether a peer was connected at an address. */
  readonly isKnown: (address: string) => boolean
  /** How many connections of an address are looked at that lead to no peer; default: {@link VAIN}. */
  readonly vain?: BucketLimits
}

/**
 * How many connections of an address are looked at that lead to no peer: that costs more than to have them wait. The burst allows
 * for a host with many members that all start at once, and drop dials that cross ours.
 */
const VAIN: BucketLimits = { perSecond: 20, burst: 256 }

/** How many refusals for want of a place are told, to both sides. */
const REFUSALS: BucketLimits = { perSecond: 20, burst: 256 }

/** Reads the hellos of inbound connections, within bounds of time, size and number. */
export class Acceptor {
  readonly #options: AcceptorOptions
  /** Connections that are not answered, oldest first, with the address of each. */
  readonly #pending = new Map<Applicant, string>()
  readonly #perAddress = new Map<string, number>()
  readonly #waiting: WaitingRoom
  readonly #refusals = new TokenBucket(REFUSALS)
  /** By address. */
  readonly #vain: TokenBuckets
  #isFilling = false
  #closed = false

  constructor(options: AcceptorOptions) {
    this.#options = { ...options, told: new RecentlyTold() }
    this.#vain = new TokenBuckets(options.vain ?? VAIN)
    this.#waiting = new WaitingRoom({ ...options, onLook: this.#onLook, onDue: (socket) => this.#refuse(socket) })
  }

  /** Takes a connection that the server has accepted. */
  admit(socket: Socket): void {
    // This listener stays for good: a socket whose user sets none must not crash the process.
    socket.on('error', ignore)
    const address = socket.remoteAddress ?? ''
    if (this.#makeRoom(address)) this.#begin(socket, address)
    else if (!this.#waiting.add(socket, address)) this.#refuse(socket)
  }

  #begin(socket: Socket, address: string): void {
    // A listener may have closed the service when another gave way.
    if (this.#closed) {
      socket.destroy()
      return
    }
    // Only now is it counted how many there are: one of the same address may just have given way.
    this.#perAddress.set(address, this.#countOf(address) + 1)
    this.#vain.take(address)
    const applicant = new Applicant(socket, this.#options, (isPeer) => {
      if (isPeer) this.#vain.giveBack(address)
      this.#pending.delete(applicant)
      const left = this.#countOf(address) - 1
      if (left > 0) this.#perAddress.set(address, left)
      else this.#perAddress.delete(address)
      if (this.#waiting.size > 0) this.#fillPlacesSoon()
    })
    this.#pending.set(applicant, address)
  }

  /** Refuses a connection for which there is no place. */
  #refuse(socket: Socket): void {
    // Each takes as much time as an accept: a crowd's are not all told.
    if (this.#refusals.tokens === 0) {
      socket.destroy()
      return
    }
    this.#refusals.take()
    tellRejected(this.#options, busy(), infoOf(socket))
    // In plain text: within TLS it would take the very handshake that is to be spared.
    if (this.#options.security.mode === 'none') {
      socket.write(encodeAnswer({ status: 'refused', reason: 'busy' }))
      socket.destroySoon()
    } else {
      socket.destroy()
    }
  }

  /** Gives places to connections that wait, after the one for which another made way has got its own. */
  #fillPlacesSoon(): void {
    if (this.#isFilling) return
    this.#isFilling = true
    setImmediate(() => {
      this.#isFilling = false
      this.#fillPlaces()
    })
  }

  #fillPlaces(): void {
    while (!this.#closed) {
      const next = this.#waiting.take((address) => this.#hasRoomFor(address))
      if (next === null) return
      this.#begin(next, next.remoteAddress ?? '')
    }
  }

  /** Those that have been silent for long make way for connections that wait. */
  readonly #onLook = (): void => {
    const isInTheWay = (address: string) =>
      this.#pending.size >= this.#options.maxHellos || this.#waiting.isFrom(address)
    for (let wanted = this.#waiting.size; wanted > 0 && this.#evictOld(isInTheWay); wanted--);
    this.#fillPlaces()
  }

  #hasRoomFor(address: string): boolean {
    const { maxHellos, maxHellosPerAddress } = this.#options
    const isPossible = this.#pending.size < maxHellos && this.#countOf(address) < maxHellosPerAddress
    return isPossible && this.#vain.tokens(address) > 0
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
    if (this.#vain.tokens(address) === 0) return false
    const count = this.#countOf(address)
    if (count >= this.#options.maxHellosPerAddress) return this.#evictOld((from) => from === address)
    if (this.#pending.size < this.#options.maxHellos || this.#evictOld(() => true)) return true
    const [crowded, most] = this.#mostCrowded()
    if (most > count + 1) return this.#evict((from) => from === crowded)
    const { isKnown } = this.#options
    return isKnown(address) && this.#evict((from) => !isKnown(from))
  }

  /** The address that most connections come from, and how many. */
  #mostCrowded(): [address: string, count: number] {
    let most: [string, number] = ['', 0]
    for (const entry of this.#perAddress) if (entry[1] > most[1]) most = entry
    return most
  }

  /**
   * Drops the oldest connection that has sent no hello yet, of those from an address that `isMeant`.
   *
   * @returns whether there was one
   */
  #evict(isMeant: (address: string) => boolean, isEnough: (applicant: Applicant) => boolean = () => true): boolean {
    for (const [applicant, address] of this.#pending) {
      if (!isEnough(applicant)) return false
      if (!applicant.isSilent || !isMeant(address)) continue
      applicant.giveWay()
      return true
    }
    return false
  }

  /** The same, of those that are old. */
  #evictOld(isMeant: (address: string) => boolean): boolean {
    return this.#evict(isMeant, (applicant) => applicant.isOld)
  }

  /** Drops every connection that is not answered. */
  close(): void {
    this.#closed = true
    this.#waiting.close()
    for (const applicant of [...this.#pending.keys()]) applicant.drop()
  }
}

function ignore(): void {}
