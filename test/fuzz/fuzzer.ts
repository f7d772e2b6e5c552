// Fuzzes one target, guided by the coverage of the instrumented copy that scripts/fuzz makes:
// node fuzzer.js TARGET SECONDS CORPUS FINDINGS. What reaches something new is added to the corpus. The work is done by a
// worker thread, so that this one sees when it hangs. No input of a target may throw, take seconds, or leave memory behind.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Random } from '../chaos/random.js'
import { Coverage } from './coverage.js'
import { mutate } from './mutate.js'

const LONGEST_BYTES = 9000
const HANG_MS = 10_000
/** Milliseconds that one input may take. */
const SLOW_MS = 1000
const MAX_GROWTH_BYTES = 128 * 2 ** 20
const LOOK_EVERY = 20_000

interface Job {
  readonly target: string
  readonly seconds: number
  readonly corpus: string
  readonly findings: string
  readonly seed: number
  /** The input at hand: its number, its length, its bytes. */
  readonly current: SharedArrayBuffer
}

function nameOf(input: Buffer): string {
  return createHash('sha1').update(input).digest('hex').slice(0, 16)
}

function keepFinding({ target, findings }: Job, input: Buffer, what: string): void {
  const path = join(findings, `${target}-${nameOf(input)}`)
  writeFileSync(path, input)
  console.log(`FINDING: ${what}\n${path}`)
}

class Fuzzer {
  readonly #job: Job
  readonly #random: Random
  readonly #coverage = new Coverage()
  readonly #inputs: Buffer[] = []
  readonly #numbers: Int32Array
  readonly #bytes: Buffer
  #run: (input: Buffer) => unknown = () => {}
  #count = 0

  constructor(job: Job) {
    this.#job = job
    this.#random = new Random(job.seed)
    this.#numbers = new Int32Array(job.current, 0, 2)
    this.#bytes = Buffer.from(job.current, 8)
  }

  async fuzz(): Promise<void> {
    const { target, seconds, corpus } = this.#job
    const targets = (await import('./targets.js')) as unknown as Record<string, (input: Buffer) => unknown>
    this.#run = targets[target] ?? this.#run
    for (const name of readdirSync(corpus).sort()) await this.#try(readFileSync(join(corpus, name)))
    if (this.#inputs.length === 0) this.#inputs.push(Buffer.alloc(1))
    const [before, end] = [this.#memory(), performance.now() + seconds * 1000]
    while (performance.now() < end) {
      const random = this.#random
      const input = mutate(random.pick(this.#inputs), random.pick(this.#inputs), random, LONGEST_BYTES)
      if (await this.#try(input)) writeFileSync(join(corpus, nameOf(input)), input)
      if (this.#count % LOOK_EVERY === 0 && this.#memory() - before > MAX_GROWTH_BYTES) {
        keepFinding(this.#job, input, 'the memory grows')
        throw new Error('the memory grows')
      }
    }
    const growth = ((this.#memory() - before) / 2 ** 20).toFixed(1)
    const { places } = this.#coverage
    console.log(`${target}: ${this.#count} inputs, ${places} places, corpus ${this.#inputs.length}, ${growth} MiB more`)
  }

  /** Returns whether the input reached something new. */
  async #try(input: Buffer): Promise<boolean> {
    this.#count++
    input.copy(this.#bytes)
    this.#numbers[1] = input.length
    Atomics.store(this.#numbers, 0, this.#count)
    try {
      // On a busy machine anything may take long once.
      for (let times = 0; (await this.#time(input)) > SLOW_MS; times++) {
        if (times === 5) throw new Error(`it takes more than ${SLOW_MS} ms`)
      }
    } catch (error) {
      keepFinding(this.#job, input, (error as Error).stack ?? String(error))
      throw error
    }
    if (!this.#coverage.collect()) return false
    this.#inputs.push(Buffer.from(input))
    return true
  }

  async #time(input: Buffer): Promise<number> {
    const start = performance.now()
    const result = this.#run(input)
    if (result instanceof Promise) await result
    return performance.now() - start
  }

  #memory(): number {
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
}

/** Ends the process where the worker is at the same input for too long. */
function watch(job: Job, worker: Worker): void {
  const numbers = new Int32Array(job.current, 0, 2)
  let [last, since] = [-1, performance.now()]
  const timer = setInterval(() => {
    const count = Atomics.load(numbers, 0)
    if (count !== last) [last, since] = [count, performance.now()]
    if (performance.now() - since < HANG_MS) return
    keepFinding(job, Buffer.from(new Uint8Array(job.current, 8, numbers[1])), 'it hangs')
    process.exit(1)
  }, 500)
  worker.on('error', () => process.exit(1)).on('exit', () => clearInterval(timer))
}

if (isMainThread) {
  const [target = '', seconds = '600', corpus = '', findings = ''] = process.argv.slice(2)
  for (const folder of [corpus, findings]) mkdirSync(folder, { recursive: true })
  const job: Job = {
    target,
    seconds: Number(seconds),
    corpus,
    findings,
    seed: Date.now(),
    current: new SharedArrayBuffer(8 + LONGEST_BYTES)
  }
  watch(job, new Worker(new URL(import.meta.url), { workerData: job }))
} else if (parentPort !== null) {
  await new Fuzzer(workerData as Job).fuzz()
}
