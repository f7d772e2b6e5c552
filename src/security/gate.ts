import { type Account, Budget, type BudgetOptions } from './budget.js'
import { LoopMeter } from './loop-meter.js'

/**
 * How much time of the event loop failed handshakes may take, in milliseconds: 2 % on average, for each address and for all
 * unproven addresses together. A handshake with certificates takes 2-5 ms, and up to 20 ms with expensive ones. Where
 * handshakes have no limit, one can take 400 ms: after that no other handshake of an unproven address continues.
 */
const TIME = { perSecond: 20, burst: 200, burstInAll: 300 }

/**
 * How many guesses at a secret are answered: one a second on average, for each address and for all unproven addresses together.
 * The bursts are for members: while a cluster changes its secret, each pair may need up to four attempts.
 */
const GUESSES = { perSecond: 1, burst: 64, burstInAll: 128 }

/**
 * Milliseconds before the cost of a closed connection is counted: when two members dial each other, one of them drops its dial,
 * and the other connection proves the pair a moment later.
 */
const SETTLE_MS = 1000

/**
 * A handshake that has taken more than this, in milliseconds, is counted before it ends: the other side could keep it open
 * until others like it have begun. A handshake with a member takes 2-5 ms; what was counted is given back when the other side
 * is proven.
 */
const COSTLY_MS = 30

/**
 * The shortest time between two handshakes that waited, in milliseconds: the cost of the first should be known before the next.
 */
const PACE_MS = 50

/** The clocks of a gate. */
export interface GateClock {
  readonly now: () => number
  readonly meter: Pick<LoopMeter, 'start' | 'stop' | 'take'>
}

/** A connection whose handshake is about to begin. */
export interface Entrant {
  /** The account that pays: an address, or a proven pair. Called again at the end: the pair may have been proven meanwhile. */
  readonly account: () => Account
  /** Begins the handshake. Called at most once, perhaps from within {@link HandshakeGate.enter}, not after {@link Pass.end}. */
  readonly begin: (pass: Pass) => void
  /** Ends the handshake: others of the same account have cost too much. */
  readonly drop: () => void
}

/**
 * Bounds the time of the event loop, and the guesses at a secret, for connections that do not prove that they belong to the
 * cluster. Costs are counted when a handshake ends without proof, high costs at once. An account below zero waits before its
 * next handshake, and its handshakes under way are dropped.
 */
export class HandshakeGate {
  readonly #clock: GateClock
  readonly #time: Budget
  readonly #guesses: Budget
  readonly #running = new Set<Pass>()
  readonly #waiting = new Set<Pass>()
  /** Costs that were counted before the end of their handshakes. */
  readonly #advances = new Map<Pass, { account: Account; timeMs: number }>()
  #timer: NodeJS.Timeout | undefined

  constructor(
    clock: GateClock = { now: () => performance.now(), meter: new LoopMeter() },
    guesses: BudgetOptions = GUESSES
  ) {
    this.#clock = clock
    this.#time = new Budget(TIME, clock.now)
    this.#guesses = new Budget(guesses, clock.now)
  }

  /** Begins a handshake, at once or as soon as its account is above zero again. */
  enter(entrant: Entrant): Pass {
    const pass = new Pass(entrant, this.#clock.meter, { onTime: this.#onTime, onEnd: this.#onEnd })
    if (this.#waitMs(pass) === 0) this.#begin(pass)
    else this.#wait(pass)
    return pass
  }

  /** Counts time of the event loop, and drops the handshakes of accounts that are below zero. */
  charge(account: Account, timeMs: number): void {
    this.#time.spend(account, timeMs)
    this.#dropDebtors()
  }

  #dropDebtors(): void {
    // A handshake that was counted already continues: it may be a member's, and is not likely to cost much more.
    for (const other of this.#running) if (!this.#advances.has(other) && this.#waitMs(other) > 0) other.drop()
  }

  #begin(pass: Pass): void {
    this.#waiting.delete(pass)
    this.#running.add(pass)
    pass.begin()
  }

  #wait(pass: Pass): void {
    this.#waiting.add(pass)
    this.#schedule()
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#waiting.size === 0) return
    const soonest = Math.min(...[...this.#waiting].map((pass) => this.#waitMs(pass)))
    this.#timer = setTimeout(this.#admitNext, Math.max(soonest, PACE_MS)).unref()
  }

  /**
   * Begins one of the waiting handshakes that may begin: that of the account with the lowest cost, so that honest hosts come
   * first.
   */
  readonly #admitNext = (): void => {
    const next = [...this.#waiting]
      .filter((pass) => this.#waitMs(pass) === 0)
      .sort((a, b) => this.#time.leftOf(b.account) - this.#time.leftOf(a.account))[0]
    if (next !== undefined) this.#begin(next)
    this.#schedule()
  }

  #waitMs({ account }: Pass): number {
    return Math.max(this.#time.waitMs(account), this.#guesses.waitMs(account))
  }

  readonly #onTime = (pass: Pass, timeMs: number): void => {
    if (timeMs <= COSTLY_MS) return
    const { account } = pass
    this.#time.spend(account, timeMs)
    this.#takeBack(pass)
    this.#advances.set(pass, { account, timeMs })
    this.#dropDebtors()
  }

  readonly #onEnd = (pass: Pass, outcome: Outcome, cost: Cost): void => {
    this.#waiting.delete(pass)
    if (!this.#running.delete(pass)) return
    if (outcome === 'proven') {
      this.#takeBack(pass)
      this.#schedule()
    } else if (outcome === 'failed') this.#settle(pass, cost)
    else setTimeout(() => this.#settle(pass, cost), SETTLE_MS).unref()
  }

  #takeBack(pass: Pass): void {
    const advance = this.#advances.get(pass)
    if (advance === undefined) return
    this.#advances.delete(pass)
    this.#time.giveBack(advance.account, advance.timeMs)
  }

  #settle(pass: Pass, { timeMs, guesses }: Cost): void {
    const { account } = pass
    this.#guesses.spend(account, guesses)
    this.#time.spend(account, timeMs)
    this.#takeBack(pass)
    this.#dropDebtors()
  }
}

/** `gone`: the connection has closed without a failure. */
export type Outcome = 'proven' | 'failed' | 'gone'

interface Cost {
  readonly timeMs: number
  readonly guesses: number
}

interface PassListener {
  /** @param timeMs what the handshake has cost so far */
  readonly onTime: (pass: Pass, timeMs: number) => void
  readonly onEnd: (pass: Pass, outcome: Outcome, cost: Cost) => void
}

/** A handshake's permission to begin, and its cost. */
export class Pass {
  readonly #entrant: Entrant
  readonly #meter: GateClock['meter']
  readonly #listener: PassListener
  #timeMs = 0
  #guesses = 0
  #begun = false
  #ended = false

  constructor(entrant: Entrant, meter: GateClock['meter'], listener: PassListener) {
    this.#entrant = entrant
    this.#meter = meter
    this.#listener = listener
  }

  get account(): Account {
    return this.#entrant.account()
  }

  begin(): void {
    this.#begun = true
    this.#meter.start()
    this.#entrant.begin(this)
  }

  drop(): void {
    this.#entrant.drop()
  }

  /** To be called in each event of the handshake: adds the cost of the event. */
  measure(): void {
    if (!this.#begun || this.#ended) return
    this.#timeMs += this.#meter.take()
    this.#listener.onTime(this, this.#timeMs)
  }

  /** The other side has received enough to check one guess at the secret. */
  guess(): void {
    this.#guesses = 1
  }

  /** The handshake is over. Idempotent. */
  end(outcome: Outcome): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#begun) {
      this.#timeMs += this.#meter.take()
      this.#meter.stop()
    }
    this.#listener.onEnd(this, outcome, { timeMs: this.#timeMs, guesses: this.#guesses })
  }
}

/**
 * The gates of this process: its services share an event loop. Two, so that inbound connections cannot stop this side from
 * dialing.
 */
export const gates = { inbound: new HandshakeGate(), outbound: new HandshakeGate() }
