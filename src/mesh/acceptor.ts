import type { Socket } from 'node:net'
import { RecentReports } from '../recent-reports.js'
import { type BucketLimits, TokenBucket } from '../token-bucket.js'
import { TokenBuckets } from '../token-buckets.js'
import { Applicant, type ApplicantOptions } from './applicant.js'
import { CrowdLimit, type CrowdLimitOptions } from './crowd-limit.js'
import { encodeAnswer } from './hello.js'
import type { MeshOptions } from './options.js'
import { busy, infoOf, reportRejected } from './refusals.js'
import { WaitingRoom } from './waiting-room.js'

export interface AcceptorOptions
  extends ApplicantOptions,
    Pick<MeshOptions, 'filterConnects' | 'crowd'>,
    Pick<CrowdLimitOptions, 'isKnown' | 'homes'> {
  /** The most inbound connections that may be unanswered at a time. */
  readonly maxHellos: number
  /** The most of them that may come from one address. */
  readonly maxHellosPerAddress: number
  /** The most connections that may wait for a place. */
  readonly maxWaiting: number
  /** The longest that each may wait, in milliseconds. */
  readonly waitingMs: number
  /** How many handshakes that lead to no peer are begun with an address. */
  readonly vain: BucketLimits
}

/** How many refusals of connections for which there is no place are reported, to both sides. */
const REFUSALS: BucketLimits = { perSecond: 20, burst: 256 }

/** Reads the hellos of inbound connections, within bounds of time, size and number. */
export class Acceptor {
  readonly #options: AcceptorOptions
  /** Connections that are not answered yet, oldest first, with the address of each. */
  readonly #pending = new Map<Applicant, string>()
  readonly #perAddress = new Map<string, number>()
  readonly #waiting: WaitingRoom
  /** Bounds the connections to come. */
  readonly #crowd: CrowdLimit
  readonly #refusals = new TokenBucket(REFUSALS)
  /** For {@link AcceptorOptions.vain}, by address. */
  readonly #vain: TokenBuckets
  #isFilling = false
  #closed = false

  constructor(options: AcceptorOptions) {
    this.#options = { ...options, reports: new RecentReports() }
    this.#vain = new TokenBuckets(options.vain)
    const { isKnown, homes, filterConnects: filter = () => false, crowd } = options
    this.#crowd = new CrowdLimit({ isKnown, homes, filter, ...crowd })
    this.#waiting = new WaitingRoom({ ...options, onLook: this.#onLook, onDue: (socket) => this.#refuse(socket) })
  }

  /** Takes a connection that the server has accepted. */
  admit(socket: Socket): void {
    // This listener is never removed: an error without a listener would crash the process.
    socket.on('error', ignore)
    const address = socket.remoteAddress ?? ''
    this.#crowd.accepted(address)
    if (this.#makeRoom(address)) this.#begin(socket, address)
    else if (!this.#waiting.add(socket, address)) this.#refuse(socket)
  }

  #begin(socket: Socket, address: string): void {
    // A listener of `rejected` may have closed the service when another connection was evicted.
    if (this.#closed) {
      socket.destroy()
      return
    }
    // Counted only now: a connection of the same address may just have been evicted.
    this.#perAddress.set(address, this.#countOf(address) + 1)
    this.#vain.take(address)
    const applicant = new Applicant(socket, this.#options, (isPeer) => {
      if (isPeer) {
        this.#vain.giveBack(address)
        this.#crowd.ledToPeer(address)
      }
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
    // Reporting a refusal takes as much time as an accept: in a flood, most are not reported.
    if (this.#refusals.tokens === 0) {
      socket.destroy()
      return
    }
    this.#refusals.take()
    reportRejected(this.#options, busy(), infoOf(socket))
    // Only in plain text: over TLS the answer would need the handshake that this refusal avoids.
    if (this.#options.security.mode === 'none') {
      socket.write(encodeAnswer({ status: 'refused', reason: 'busy' }))
      socket.destroySoon()
    } else {
      socket.destroy()
    }
  }

  /**
   * Gives places to connections that wait; not at once, because a place was perhaps freed for a connection that is about to
   * take it.
   */
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

  /** Evicts connections that have sent no hello for long, in favour of connections that wait. */
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
   * Makes room for one more connection from an address. Evicts connections without a hello for that: a peer sends its hello at
   * once.
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

  /** The address that most connections come from, and their number. */
  #mostCrowded(): [address: string, count: number] {
    let most: [string, number] = ['', 0]
    for (const entry of this.#perAddress) if (entry[1] > most[1]) most = entry
    return most
  }

  /**
   * Drops the oldest connection that has sent no hello yet, among those from an address for which `isMeant` returns true.
   * @returns whether there was such a connection
   */
  #evict(isMeant: (address: string) => boolean, isEnough: (applicant: Applicant) => boolean = () => true): boolean {
    for (const [applicant, address] of this.#pending) {
      if (!isEnough(applicant)) return false
      if (!applicant.isSilent || !isMeant(address)) continue
      applicant.evict()
      return true
    }
    return false
  }

  /** Like {@link #evict}, but only connections that are old. */
  #evictOld(isMeant: (address: string) => boolean): boolean {
    return this.#evict(isMeant, (applicant) => applicant.isOld)
  }

  /** Drops every connection that is not answered. */
  close(): void {
    this.#closed = true
    this.#crowd.close()
    this.#waiting.close()
    for (const applicant of [...this.#pending.keys()]) applicant.drop()
  }
}

function ignore(): void {}
