/**
 * Uses the addon up to a step, and ends there, in one of several ways:
 *
 *   life-program BACKEND main STEP END       in the main thread
 *   life-program BACKEND workers COUNT       COUNT worker threads, two at a time, beside a session of the main thread
 *   life-program BACKEND frozen END          with sessions from before and after the daemon was frozen
 */
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { addon } from '#tcpnet/addon.js'
import type { Backend, Session, SessionEvent } from '#tcpnet/discovery/session.js'
import { LoopWatch } from '../programs/loop-watch.js'
import { announcing } from './host.js'

export const STEPS = ['load', 'open', 'announced', 'seen', 'locating', 'located', 'closing', 'closed', 'query'] as const
export type Step = (typeof STEPS)[number]

interface Life {
  backend: Backend
  step: Step
  instance: string
}

/**
 * Opens a session that can be waited for. The addon does not keep the process alive, so a timer does while it waits.
 */
function open(
  backend: Backend,
  instance: string
): { session: Session; told: (type: string, uuid?: string) => Promise<void> } {
  const events: SessionEvent[] = []
  const session = addon().openSession(announcing(instance, backend), (event) => events.push(event))
  const told = async (type: string, uuid?: string) => {
    const fits = (event: SessionEvent) =>
      event.type === type && (uuid === undefined || ('uuid' in event && event.uuid === uuid))
    while (!events.some(fits)) await delay(2)
  }
  return { session, told }
}

async function live({ backend, step, instance }: Life): Promise<void> {
  addon().interfaces()
  if (step === 'load') return
  if (step === 'query') return addon().queryAddresses('alpha.local', 1, 1000, () => {})
  const { session, told } = open(backend, instance)
  if (step === 'open') return
  await told('announced')
  if (step === 'announced') return
  // Waits for the own name, since names of other sessions may be seen first.
  await told('seen', instance)
  if (step === 'seen') return
  let location: unknown = null
  const takeBack = session.locate(instance, (found) => {
    location = found
  })
  if (step === 'locating') return
  while (location === null) await delay(2)
  takeBack()
  if (step === 'located') return
  let closed = false
  session.close(() => {
    closed = true
  })
  while (step === 'closed' && !closed) await delay(2)
}

/** One worker, which ends by itself, is terminated, or exits, at any step. */
async function oneWorker(backend: Backend, number: number): Promise<void> {
  const step = STEPS[number % STEPS.length] ?? 'load'
  const life: Life = { backend, step, instance: (0xc000 + number).toString(16).toUpperCase() }
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: life })
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', () => resolve())
  })
  if (number % 3 !== 0) {
    await new Promise((resolve) => worker.once('message', resolve))
    if (number % 3 === 1) void worker.terminate()
  } else if (number % 2 === 0) {
    // After a varying delay, so that it is at any step.
    await delay(number % 50)
    void worker.terminate()
  }
  await ended
}

async function workers(backend: Backend, count: number): Promise<void> {
  const { told } = open(backend, 'AAAA')
  let next = 0
  const lane = async () => {
    while (next < count) await oneWorker(backend, next++)
  }
  await Promise.all([lane(), lane(), told('seen')])
  console.log('done')
}

/** Prints the longest time, in milliseconds, for which the event loop was blocked while `body` ran. */
async function tellHold(body: () => Promise<void>): Promise<void> {
  const watch = new LoopWatch()
  await body()
  console.log(`held ${watch.longestMs}`)
}

async function frozen(backend: Backend, end: string): Promise<void> {
  const known = open(backend, 'A1')
  await known.told('announced')
  const daemonAway = async () => {
    const unknown = open(backend, 'B1')
    addon().queryAddresses('alpha.local', 1, 100, () => {})
    await delay(200)
    known.session.close(() => {})
    unknown.session.close(() => {})
    open(backend, 'B2')
    await delay(200)
  }
  console.log('ready')
  for await (const _line of createInterface({ input: process.stdin })) break
  process.stdin.destroy()
  await tellHold(daemonAway)
  if (end === 'worker') await tellHold(() => terminatedWorker(backend))
  console.log('ends')
  if (end === 'exit') process.exit(0)
}

/** A worker that is terminated while its discovery thread waits for the daemon. */
async function terminatedWorker(backend: Backend): Promise<void> {
  const life: Life = { backend, step: 'open', instance: 'B3' }
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: life })
  await new Promise((resolve) => worker.once('message', resolve))
  await delay(50)
  await worker.terminate()
}

if (isMainThread) {
  const [backend, what, ...rest] = process.argv.slice(2) as [Backend, string, ...string[]]
  if (what === 'main') await live({ backend, step: rest[0] as Step, instance: process.pid.toString(16).toUpperCase() })
  if (what === 'main' && rest[1] === 'exit') process.exit(0)
  if (what === 'workers') await workers(backend, Number(rest[0]))
  if (what === 'frozen') await frozen(backend, rest[0] ?? '')
} else {
  const life = workerData as Life
  await live(life)
  parentPort?.postMessage('lived')
}
