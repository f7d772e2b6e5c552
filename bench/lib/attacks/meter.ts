import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Figures } from './member-protocol.js'

const SAMPLE_EVERY_MS = 200
const SAMPLES_A_SECOND = 1000 / SAMPLE_EVERY_MS

interface Sample {
  /** How many connects the host has made. */
  readonly connects: number
  /** Processor time of the process, in milliseconds. */
  readonly cpuMs: number
}

/** Measures this process, and how many connects its host makes. */
export class Meter {
  readonly #delay = monitorEventLoopDelay({ resolution: 1 })
  readonly #turns = new TurnWatch()
  #samples: Sample[] = []
  #since = 0
  #bytes = { first: 0, most: 0 }

  constructor() {
    this.#delay.enable()
    this.mark()
    setInterval(() => this.#sample(), SAMPLE_EVERY_MS).unref()
  }

  mark(): void {
    this.#since = performance.now()
    const bytes = process.memoryUsage.rss()
    this.#bytes = { first: bytes, most: bytes }
    this.#samples = [sampleNow()]
    this.#turns.reset()
    this.#delay.reset()
  }

  figures(): Omit<Figures, 'connections'> {
    const [delayMs, turnMs] = [this.#delay.max / 1e6, this.#turns.longestMs]
    const elapsedMs = performance.now() - this.#since
    this.#sample()
    const all = this.#within(0, this.#samples.length - 1)
    return {
      seconds: elapsedMs / 1000,
      connects: all.connects,
      ...this.#rates(elapsedMs),
      delayMs,
      turnMs,
      cores: all.cpuMs / elapsedMs,
      bytes: this.#bytes.most - this.#bytes.first
    }
  }

  #sample(): void {
    this.#samples.push(sampleNow())
    this.#bytes.most = Math.max(this.#bytes.most, process.memoryUsage.rss())
  }

  /** Samples come late if the event loop is blocked: the last quarter is a quarter of the samples. */
  #rates(elapsedMs: number): Pick<Figures, 'connectsAtMost' | 'connectsPerSecond' | 'coresAtEnd'> {
    const all = this.#samples
    const seconds = all.map((_, at) => this.#within(Math.max(at - SAMPLES_A_SECOND, 0), at).connects)
    const from = Math.floor((all.length * 3) / 4)
    const lastMs = Math.max(elapsedMs * ((all.length - 1 - from) / Math.max(all.length - 1, 1)), 1)
    const last = this.#within(from, all.length - 1)
    return {
      connectsAtMost: Math.max(...seconds),
      connectsPerSecond: last.connects / (lastMs / 1000),
      coresAtEnd: last.cpuMs / lastMs
    }
  }

  /** What came between two samples. */
  #within(from: number, to: number): Sample {
    const [first, last] = [this.#samples[from], this.#samples[to]]
    if (first === undefined || last === undefined) return { connects: 0, cpuMs: 0 }
    return { connects: last.connects - first.connects, cpuMs: last.cpuMs - first.cpuMs }
  }
}

function sampleNow(): Sample {
  const { user, system } = process.cpuUsage()
  return { connects: connectsOfHost(), cpuMs: (user + system) / 1000 }
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
