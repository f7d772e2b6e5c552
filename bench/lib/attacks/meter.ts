import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Figures } from './member-protocol.js'

const SAMPLE_EVERY_MS = 200
const SAMPLES_A_SECOND = 1000 / SAMPLE_EVERY_MS

/** Measures this process, and how many connects its host makes. */
export class Meter {
  readonly #delay = monitorEventLoopDelay({ resolution: 1 })
  readonly #turns = new TurnWatch()
  /** How many connects the host had made at each sample. */
  #connects: number[] = []
  #since = 0
  #cpu = process.cpuUsage()
  #bytes = { first: 0, most: 0 }

  constructor() {
    this.#delay.enable()
    this.mark()
    setInterval(() => this.#sample(), SAMPLE_EVERY_MS).unref()
  }

  mark(): void {
    this.#since = performance.now()
    this.#cpu = process.cpuUsage()
    const bytes = process.memoryUsage.rss()
    this.#bytes = { first: bytes, most: bytes }
    this.#connects = [connectsOfHost()]
    this.#turns.reset()
    this.#delay.reset()
  }

  figures(): Omit<Figures, 'connections'> {
    const [delayMs, turnMs] = [this.#delay.max / 1e6, this.#turns.longestMs]
    const { user, system } = process.cpuUsage(this.#cpu)
    const elapsedMs = performance.now() - this.#since
    this.#sample()
    return {
      seconds: elapsedMs / 1000,
      connects: connectsOfHost() - (this.#connects[0] ?? 0),
      ...this.#rates(elapsedMs),
      delayMs,
      turnMs,
      cores: (user + system) / 1000 / elapsedMs,
      bytes: this.#bytes.most - this.#bytes.first
    }
  }

  #sample(): void {
    this.#connects.push(connectsOfHost())
    this.#bytes.most = Math.max(this.#bytes.most, process.memoryUsage.rss())
  }

  /** Samples come late if the event loop is blocked: the last quarter is a quarter of the samples. */
  #rates(elapsedMs: number): Pick<Figures, 'connectsAtMost' | 'connectsPerSecond'> {
    const all = this.#connects
    const within = (from: number, to: number) => (all[to] ?? 0) - (all[from] ?? 0)
    const seconds = all.map((_, at) => within(Math.max(at - SAMPLES_A_SECOND, 0), at))
    const from = Math.floor((all.length * 3) / 4)
    const lastSeconds = (elapsedMs / 1000) * ((all.length - 1 - from) / Math.max(all.length - 1, 1))
    return {
      connectsAtMost: Math.max(...seconds),
      connectsPerSecond: within(from, all.length - 1) / Math.max(lastSeconds, 0.001)
    }
  }
}

/** Milliseconds between two checks of the turns of the event loop. */
const LOOK_EVERY_MS = 5

/** The longest turn of this thread's event loop, in processor time: without waits for a processor or for packets. */
class TurnWatch {
  #last = processorMs()
  #longestMs = 0

  constructor() {
    setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  get longestMs(): number {
    return this.#longestMs
  }

  reset(): void {
    this.#last = processorMs()
    this.#longestMs = 0
  }

  /** Short turns between two checks count as one. */
  #look(): void {
    const now = processorMs()
    this.#longestMs = Math.max(this.#longestMs, now - this.#last)
    this.#last = now
  }
}

/** Milliseconds that processors have worked for this thread (proc(5), schedstat). */
function processorMs(): number {
  return Number.parseInt(readFileSync('/proc/thread-self/schedstat', 'utf8'), 10) / 1e6
}

/** The number of calls of connect(2) for TCP in this host's network namespace (proc(5)), including failed ones. */
function connectsOfHost(): number {
  const [names = [], values = []] = readFileSync('/proc/thread-self/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '))
  return Number(values[names.indexOf('ActiveOpens')])
}
