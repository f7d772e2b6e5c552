import type { Socket } from 'node:net'
import type { Instance } from '../discovery/discovery.js'
import { canonical } from '../net/addresses.js'
import { securityObjection } from '../security/security.js'
import { isHigher } from '../uuid.js'
import { Acceptor } from './acceptor.js'
import type { Applicant } from './applicant.js'
import { applicantOf, standingOf } from './claims.js'
import { Connections } from './connections.js'
import type { DialResult } from './dialer.js'
import { Dials } from './dials.js'
import { endingOf } from './ending.js'
import type { Link } from './link.js'
import { holdingOf, type LinkState } from './link-state.js'
import { Links } from './links.js'
import type { MeshOptions } from './options.js'
import { pair } from './pairing.js'
import type { Peer } from './peer.js'
import { full, unwanted } from './refusals.js'
import { Replacements } from './replacements.js'

/**
 * Keeps exactly one connection to every peer. Events record facts in a peer's link and end in `#wake`; `#reconcile`
 * alone looks at the facts and takes the next step.
 */
export class Mesh {
  readonly #options: MeshOptions
  readonly #acceptor: Acceptor
  readonly #links: Links
  /** Links whose next step `#reconcile` decides in the next tick. */
  readonly #woken = new Set<Link>()
  readonly #replacements: Replacements
  readonly #dials: Dials
  readonly #connections: Connections<Link>
  /** How many dials were answered with `ok`: the clock that hellos carry. */
  #accepted = 0
  #closing = false

  constructor(options: MeshOptions) {
    this.#options = options
    this.#links = new Links({ ...options, onDue: (link) => this.#wake(link) })
    this.#connections = new Connections((socket, link) => this.#onSocketClosed(link, socket))
    this.#dials = new Dials({
      ...options,
      accepted: () => this.#accepted,
      connections: () => this.#connections.size,
      onTurn: (link) => this.#wake(link)
    })
    this.#replacements = new Replacements({
      limits: options.replacements,
      place: (link) => void this.#dials.place(link),
      onDue: (link) => this.#wake(link)
    })
    this.#acceptor = new Acceptor({
      ...options,
      ...options.limits,
      deadlineMs: options.limits.helloTimeoutMs,
      isKnown: (address) => this.#links.areKnownAt(canonical(address)),
      homes: () => this.#links.homes(),
      onApplicant: this.#onApplicant
    })
  }

  /** A snapshot of every peer that is announced or connected, by uuid. */
  peers(): ReadonlyMap<string, Peer> {
    return this.#links.peers()
  }

  /** A peer's name is announced. The dial asks for its place; a hint, or the peer's own dial, may come earlier. */
  seen(uuid: string): void {
    if (this.#isOurs(uuid)) return
    const isNew = this.#links.get(uuid) === undefined
    const link = this.#links.of(uuid)
    link.seen()
    // A subscriber of the change may have closed the service.
    if (this.#closing) return
    if (isNew) this.#expect(link)
    this.#wake(link)
  }

  /** A peer's name is no longer announced. Its connection stays open: only TCP shows whether the peer is gone. */
  gone(uuid: string): void {
    const link = this.#links.get(uuid)
    if (link === undefined) return
    link.unseen()
    this.#wake(link)
  }

  /**
   * An answer on the network says where a peer may be: a hint, which allows one dial.
   *
   * @param isMutual whether the peer may know this service as well: then the service with the higher uuid dials first
   */
  hint(instance: Instance, isMutual = false): void {
    const { uuid, txt } = instance
    if (this.#isOurs(uuid) || securityObjection(this.#options.security, uuid, txt.sec) !== null) return
    const isNew = this.#links.get(uuid) === undefined
    if (isNew && this.#links.size >= this.#options.limits.maxKnown) return
    const link = this.#links.of(uuid)
    if (link.state.kind === 'connected') return
    const isExpected = isMutual && !isHigher(this.#options.uuid, uuid)
    link.hinted(instance, isExpected)
    // A subscriber of the change may have closed the service.
    if (this.#closing) return
    if (isNew && isExpected) this.#expect(link)
    // A hint allows one dial: if the present dial takes it, the next one asks.
    if (link.state.kind === 'dialing' && link.state.dial.take(link.places.hinted())) link.places.useHint()
    this.#wake(link)
  }

  /** Takes a connection that the server has accepted. */
  admit(socket: Socket): void {
    if (this.#closing) socket.destroy()
    else this.#acceptor.admit(socket)
  }

  /**
   * Ends every dial and hello at once, and every connection gracefully; connections that have not ended after `graceMs` are
   * reset. `done` is called when every socket has closed, never from within this call. To be called once.
   */
  close(graceMs: number, done: () => void): void {
    this.#closing = true
    this.#acceptor.close()
    this.#dials.clear()
    for (const link of this.#links.all()) {
      if (link.state.kind !== 'connected') this.#forget(link, 'the service closes')
    }
    this.#connections.close(graceMs, (socket) => this.#options.security.reset(socket), done)
  }

  /** Whether a uuid is to be ignored: it is our own, or the mesh closes. */
  #isOurs(uuid: string): boolean {
    return uuid === this.#options.uuid || this.#closing
  }

  /**
   * Waits before a dial, so that of two services that see each other at the same time the one with the higher uuid dials first.
   */
  #expect(link: Link): void {
    const { limits, uuid } = this.#options
    link.expect(isHigher(uuid, link.uuid) ? limits.expect.higher : limits.expect.lower)
  }

  #forget(link: Link, reason: string): void {
    link.applicant?.drop()
    link.applicant = null
    this.#dials.leave(link, () => {
      link.forget(reason)
      this.#links.delete(link)
    })
  }

  /** Schedules `#reconcile` for a link in the next tick: listeners of the application may be running now. */
  #wake(link: Link): void {
    if (this.#woken.has(link)) return
    this.#woken.add(link)
    process.nextTick(this.#reconcile, link)
  }

  /** The one place that decides what a link does next. */
  readonly #reconcile = (link: Link): void => {
    this.#woken.delete(link)
    if (this.#closing || !this.#links.has(link)) return
    if (link.applicant !== null) this.#answer(link, link.applicant)
    // A subscriber of the change may have closed the service.
    if (this.#closing || link.state.kind !== 'idle' || link.applicant !== null) return
    if (link.isGone) return this.#forget(link, 'neither announced nor connected')
    const isWanted = link.isWanted()
    // The application may have closed the service when it was asked.
    if (this.#closing) return
    if (isWanted) return this.#dials.next(link, (result) => this.#onDialEnded(link, result))
    link.barredBy('unwanted', unwanted())
    this.#wait(link, 'shouldConnect returned false')
  }

  #answer(link: Link, applicant: Applicant): void {
    const holding = holdingOf(link.state)
    if (holding === null) return
    if (applicant.gone) {
      link.applicant = null
      return
    }
    switch (pair(this.#options.uuid, applicant.hello, holding)) {
      case 'hold':
        return
      case 'decline':
        link.applicant = null
        applicant.decline()
        return
      case 'replace':
        // The applicant is answered when the socket has closed.
        if (link.state.kind === 'connected' && this.#replacements.allow(link, link.state, applicant))
          link.enter({ kind: 'closing', socket: link.state.socket }, 'replaced by the peer')
        return
      case 'accept':
        link.applicant = null
        this.#accept(link, applicant)
    }
  }

  #accept(link: Link, applicant: Applicant): void {
    const { boot, keepalive } = applicant.hello
    const socket = applicant.accept({ status: 'ok', seq: this.#accepted + 1, boot: this.#options.boot })
    if (socket === null) return
    this.#accepted++
    const address = canonical(socket.remoteAddress ?? '')
    if (link.state.kind === 'dialing') link.state.dial.reachedAt(address)
    link.places.connectedAt(address, applicant.hello.port)
    this.#connect(link, { kind: 'connected', socket, dialer: 'peer', seq: 0, boot }, keepalive)
  }

  readonly #onApplicant = (applicant: Applicant): void => {
    const { from } = applicant.hello
    const { maxPeers } = this.#options.limits
    const kind = this.#links.get(from)?.state.kind
    // A connection that replaces another needs no additional place.
    const isNew = kind !== 'connected' && kind !== 'closing'
    if (isNew && this.#connections.size >= maxPeers) return applicant.refuse('full', full(maxPeers))
    const link = this.#links.of(from)
    if (!link.isWanted()) {
      this.#wake(link)
      return applicant.refuse('unwanted', unwanted())
    }
    if (!link.recordHello(applicant.hello)) return applicant.decline()
    if (link.applicant !== null && !link.applicant.gone) {
      const standing = standingOf(link.places, applicantOf(link.applicant), applicantOf(applicant))
      if (standing === 'worse') return applicant.drop()
    }
    // A peer has one dial at a time: an older one was given up.
    link.applicant?.drop()
    link.applicant = applicant
    this.#wake(link)
  }

  #onDialEnded(link: Link, result: DialResult): void {
    switch (result.kind) {
      case 'ok': {
        const { socket, seq, boot, endpoint } = result
        link.places.connectedAt(endpoint.address, endpoint.port)
        return this.#connect(link, { kind: 'connected', socket, dialer: 'self', seq, boot })
      }
      case 'located':
        link.places.keepHint()
        this.#dials.leave(link, () => link.enter({ kind: 'idle' }, 'no connect is possible yet'))
        return this.#wake(link)
      case 'connected':
        // The peer's dial is on its way to us, or its connection is about to end: the next dial shows which.
        link.declined()
        return this.#wait(link, 'the peer has a connection already')
      case 'failed': {
        const { error, addresses } = result
        const isReported = link.failed(error, addresses)
        this.#wait(link, error.message)
        if (isReported) this.#options.onDialFailed(error, link.toPeer())
      }
    }
  }

  #wait(link: Link, reason: string): void {
    this.#dials.leave(link, () => link.wait(reason))
    this.#wake(link)
  }

  #connect(link: Link, state: LinkState & { kind: 'connected' }, keepAlive: number | null = null): void {
    const { socket } = state
    this.#dials.onConnected(link)
    this.#connections.add(socket, link)
    const reason = state.dialer === 'self' ? 'it accepted our dial' : 'we accepted its dial'
    this.#dials.leave(link, () => link.enter(state, reason))
    // A subscriber of the change may have closed the service.
    if (this.#closing) return
    this.#wake(link)
    this.#options.onConnection(socket, link.uuid, keepAlive)
  }

  #onSocketClosed(link: Link, socket: Socket): void {
    this.#options.onDisconnected(socket)
    if (this.#closing) return this.#forget(link, 'the connection closed')
    this.#dials.onPlaceFreed()
    const isReplaced = link.state.kind === 'closing'
    const reason = link.lost(isReplaced ? 'the peer made another' : endingOf(socket))
    if (isReplaced) {
      link.enter({ kind: 'idle' }, 'the old connection is closed')
      this.#wake(link)
      return
    }
    this.#wait(link, reason)
  }
}
