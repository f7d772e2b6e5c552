// When a silent connection is probed and closed, with a kernel that the test plays.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { Addon, DeadPeerOptions } from '#tcpnet/addon.js'
import { DeadPeerWatch } from '#tcpnet/net/dead-peer.js'

const STEP_MS = 10
const skip = process.platform !== 'linux' && 'elsewhere the kernel alone closes connections'

/** One end of a connection, its watch, and its kernel. The other end's host is alive until it vanishes. */
class Trial {
  readonly #timeoutMs: number
  readonly #watch: DeadPeerWatch
  readonly #sockets: Socket[]
  /** The watch's timers, which do not run while the process is stopped. */
  #timers: { at: number; callback: () => void }[] = []
  #nextLook: number
  #options: DeadPeerOptions | null = null
  /** When the kernel sends its next keep-alive probe. */
  #nextProbe = Number.POSITIVE_INFINITY
  #nextPeerProbe = Number.POSITIVE_INFINITY
  #lastAck = 0
  #unanswered = 0
  #segments = 2
  /** Milliseconds since the beginning. */
  now = 0
  /** How many probes this end has sent. */
  sent = 0
  /** When the connection was closed. */
  closedAt: number | null = null
  /** Seconds after which the other end probes. */
  peerProbesAfter: number | null
  /** Whether a packet is lost on its way to this end, and whether one is on its way from it. */
  isLost: (way: 'in' | 'out') => boolean = () => false
  /** Whether data waits that the other end does not take: then the kernel sends no keep-alive. */
  isBlocked = false
  /** Whether an acknowledgement of data is missing. */
  isOwed = false

  /** @param phase the part of the time between two looks that passes before the first one */
  constructor(timeoutMs: number, peerProbesAfter: number | null, phase: number) {
    this.#timeoutMs = timeoutMs
    this.peerProbesAfter = peerProbesAfter
    this.#nextLook = phase * timeoutMs * 0.2
    const destroy = () => {
      this.closedAt ??= this.now
    }
    const socket = { _handle: { fd: 3 }, readableFlowing: true, destroy } as unknown as Socket
    this.#sockets = [socket]
    const addon = {
      setDeadPeerOptions: (_fd: number, options: DeadPeerOptions) => this.#set(options),
      silenceMs: () => (this.#unanswered > 0 || this.isOwed ? this.now - this.#lastAck : 0),
      segmentsIn: () => this.#segments
    } as unknown as Addon
    this.#watch = new DeadPeerWatch(timeoutMs, this.#sockets, {
      addon: () => addon,
      now: () => this.now,
      after: (ms, callback) => void this.#timers.push({ at: this.now + ms, callback })
    })
    this.#watch.added(socket, peerProbesAfter)
    if (peerProbesAfter !== null) this.#nextPeerProbe = peerProbesAfter * 1000
  }

  /** The other end probes from now on. */
  probeFromPeer(afterSeconds: number): void {
    this.peerProbesAfter = afterSeconds
    this.#nextPeerProbe = this.now
  }

  get isProbing(): boolean {
    return this.#options !== null
  }

  end(): void {
    this.#sockets.length = 0
    this.#watch.removed(0)
  }

  /** Lets time pass. @param isStopped whether the process is stopped meanwhile, but not its kernel */
  pass(ms: number, isStopped = false): void {
    for (const end = this.now + ms; this.now < end; this.now += STEP_MS) {
      if (this.now >= this.#nextPeerProbe && this.peerProbesAfter !== null) this.#peerProbes(this.peerProbesAfter)
      if (this.now >= this.#nextProbe) this.#probe()
      if (!isStopped) this.#runTimers()
    }
  }

  #runTimers(): void {
    const due = this.#timers.filter(({ at }) => at <= this.now)
    this.#timers = this.#timers.filter(({ at }) => at > this.now)
    for (const { callback } of due) callback()
    if (this.now < this.#nextLook) return
    const everyMs = this.#timeoutMs * 0.2
    this.#nextLook += everyMs * (1 + Math.floor((this.now - this.#nextLook) / everyMs))
    this.#watch.look()
  }

  #set(options: DeadPeerOptions): number {
    this.#options = options
    const silentMs = this.now - this.#lastAck
    this.#nextProbe = this.now + Math.max(0, options.idle * 1000 - silentMs)
    return 0
  }

  #probe(): void {
    if (this.closedAt !== null) return
    const { idle, interval } = this.#options ?? assert.fail('no options')
    this.#nextProbe = this.now + interval * 1000
    if (this.isBlocked) return
    this.sent++
    this.#unanswered++
    if (this.isLost('out') || this.isLost('in')) return
    this.#unanswered = 0
    this.#lastAck = this.now
    this.#segments++
    this.#nextProbe = this.now + idle * 1000
  }

  #peerProbes(seconds: number): void {
    this.#nextPeerProbe = this.now + seconds * 1000
    if (!this.isLost('in')) this.#segments++
  }
}

const PHASES = Array.from({ length: 20 }, (_, i) => (i + 1) / 20)

/** Runs a trial for each phase of the looks. */
function overPhases(timeoutMs: number, keepAlive: number | null, run: (trial: Trial, phase: number) => void): void {
  for (const phase of PHASES) {
    const trial = new Trial(timeoutMs, keepAlive, phase)
    run(trial, phase)
    trial.end()
  }
}

/** `outage`: the part of the timeout for which no packet may come through. */
interface Case {
  readonly who: string
  readonly timeoutMs: number
  readonly keepAlive: number | null
  readonly outage: number
}

const CASES: Case[] = [
  // Keep-alive counts in seconds: the first probe comes after half of the timeout.
  { who: 'the dialer', timeoutMs: 2000, keepAlive: null, outage: 0.3 },
  { who: 'the dialer', timeoutMs: 5000, keepAlive: null, outage: 0.4 },
  { who: 'the dialer', timeoutMs: 60_000, keepAlive: null, outage: 0.4 },
  { who: 'the acceptor', timeoutMs: 2500, keepAlive: 1, outage: 0.25 },
  { who: 'the acceptor', timeoutMs: 5000, keepAlive: 2, outage: 0.25 },
  { who: 'the acceptor', timeoutMs: 60_000, keepAlive: 24, outage: 0.25 },
  { who: 'the acceptor of a hello that promises too little', timeoutMs: 2000, keepAlive: 1, outage: 0.3 },
  { who: 'the acceptor of a hello that promises too little', timeoutMs: 5000, keepAlive: 3, outage: 0.4 }
]

for (const { who, timeoutMs, keepAlive, outage } of CASES) {
  describe(`${who}, ${timeoutMs} ms`, { skip }, () => {
    it('closes the connection within the timeout after the other end has vanished, and not at once', () => {
      for (const begin of PHASES) {
        overPhases(timeoutMs, keepAlive, (trial, phase) => {
          trial.pass(timeoutMs * (2 + begin))
          const [vanished, before] = [trial.now, trial.sent]
          trial.isLost = () => true
          trial.pass(timeoutMs * 2)
          const noticedMs = (trial.closedAt ?? assert.fail(`phase ${phase}: not noticed`)) - vanished
          assert.ok(noticedMs > timeoutMs * outage && noticedMs < timeoutMs, `phase ${phase}: after ${noticedMs} ms`)
          const probes = trial.sent - before
          assert.ok(probes >= 1 && probes <= 7, `phase ${phase}: ${probes} probes`)
        })
      }
    })

    it('keeps the connection while the other end answers', () => {
      overPhases(timeoutMs, keepAlive, (trial) => {
        trial.pass(timeoutMs * 10)
        assert.equal(trial.closedAt, null)
      })
    })

    it(`keeps the connection if nothing comes through for ${outage * timeoutMs} ms`, () => {
      for (const begin of PHASES) {
        overPhases(timeoutMs, keepAlive, (trial, phase) => {
          trial.pass(timeoutMs * (2 + begin))
          trial.isLost = () => true
          trial.pass(timeoutMs * outage)
          trial.isLost = () => false
          trial.pass(timeoutMs * 2)
          assert.equal(trial.closedAt, null, `phase ${phase}, begin ${begin}`)
        })
      }
    })

    it('keeps the connection when the process goes on after a stop', () => {
      overPhases(timeoutMs, keepAlive, (trial, phase) => {
        trial.pass(timeoutMs * (1 + phase))
        trial.pass(timeoutMs * 12, true)
        trial.pass(timeoutMs * 3)
        assert.equal(trial.closedAt, null, `phase ${phase}`)
      })
    })
  })
}

describe('the acceptor', { skip }, () => {
  const [timeoutMs, keepAlive] = [5000, 2]

  it('sends nothing while the dialer probes, even if a probe is lost', () => {
    overPhases(timeoutMs, keepAlive, (trial) => {
      let probes = 0
      trial.isLost = () => probes++ % 2 === 0
      trial.peerProbesAfter = 1
      trial.pass(60_000)
      assert.ok(probes > 50 && !trial.isProbing, `${trial.sent} probes`)
    })
  })

  it('probes where the dialer does not, as the dialer would, and keeps the connection', () => {
    overPhases(timeoutMs, keepAlive, (trial) => {
      trial.pass(5000)
      assert.equal(trial.isProbing, false)
      trial.peerProbesAfter = null
      trial.pass(60_000)
      assert.ok(trial.sent >= 20 && trial.sent <= 40 && trial.closedAt === null, `${trial.sent} probes`)
    })
  })

  it('keeps a connection over which neither side can probe, because neither takes data', () => {
    overPhases(timeoutMs, keepAlive, (trial) => {
      trial.isBlocked = true
      trial.peerProbesAfter = null
      trial.pass(60_000)
      assert.deepEqual([trial.sent, trial.closedAt], [0, null])
    })
  })

  it('does not close the connection at the first look after a stop during which the dialer could not probe', () => {
    overPhases(timeoutMs, keepAlive, (trial) => {
      trial.pass(5000)
      trial.peerProbesAfter = null
      trial.pass(60_000, true)
      trial.pass(20_000)
      assert.equal(trial.closedAt, null)
    })
  })
})

describe('the dialer', { skip }, () => {
  it('keeps the connection while the other end probes, though its own data is not acknowledged', () => {
    overPhases(5000, null, (trial, phase) => {
      trial.pass(5000)
      trial.isBlocked = true
      trial.isOwed = true
      trial.pass(phase * 2000)
      trial.probeFromPeer(2)
      trial.pass(60_000)
      assert.equal(trial.closedAt, null, `phase ${phase}`)
    })
  })

  it('keeps the connection if one of its packets in four comes through', () => {
    overPhases(5000, null, (trial, phase) => {
      let packets = Math.round(phase * 4)
      trial.isLost = (way) => way === 'out' && packets++ % 4 > 0
      trial.pass(120_000)
      assert.equal(trial.closedAt, null, `phase ${phase}`)
    })
  })
})
