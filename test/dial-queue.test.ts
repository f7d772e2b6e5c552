// Whose turn it is to dial: how many dials there may be at once, in one service and in one process.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DialQueue } from '#tcpnet/mesh/dial-queue.js'
import type { Dial } from '#tcpnet/mesh/dialer.js'
import type { Link } from '#tcpnet/mesh/link.js'
import { until } from './support/wait.js'

describe('dials at once', () => {
  test('are as many as a service is given, where it is alone', () => {
    const queue = new DialQueue(16, noRoom)
    const dials = fill(queue)
    assert.equal(dials.length, 16)
    end(queue, dials)
  })

  test('are shared by the services of a process, one for each in any case', () => {
    const queues = Array.from({ length: 100 }, () => new DialQueue(16, noRoom))
    const begun = queues.map((queue) => begin(queue))
    for (const queue of queues) assert.equal(queue.isFull, true)
    for (const [i, queue] of queues.entries()) if (i >= 8) end(queue, [begun[i] ?? assert.fail()])
    const [first = assert.fail()] = queues
    const more = fill(first)
    assert.equal(more.length, 7, 'of 64 for eight services, less the one that it has')
    end(first, more)
    for (const [i, queue] of queues.slice(0, 8).entries()) end(queue, [begun[i] ?? assert.fail()])
  })
})

const noRoom = () => assert.fail('nobody waits')
const link = () => ({ isNew: true }) as Link

describe('who waits', () => {
  test('is called as soon as another service needs its dials no more', async () => {
    let room = 0
    const others = Array.from({ length: 31 }, () => new DialQueue(16, noRoom))
    const begun = others.map((other) => begin(other))
    const queue = new DialQueue(16, (count) => {
      room += count
    })
    const own = fill(queue)
    assert.equal(own.length, 2, 'of 64 for 32 services')
    for (let i = 0; i < 20; i++) queue.add(link())
    for (const [i, other] of others.entries()) end(other, [begun[i] ?? assert.fail()])
    await until(() => room > 0, 'nobody is called')
    queue.clear()
    assert.equal(room, 14, 'of 16, less the two that it has')
    end(queue, own)
  })

  test('is not looked after while no dial is under way that could make way', async () => {
    const queue = new DialQueue(16, noRoom)
    queue.add(link())
    const timers = process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
    const dial = begin(queue)
    assert.equal(process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length, timers + 1)
    queue.clear()
    end(queue, [dial])
  })
})

function fill(queue: DialQueue): Dial[] {
  const dials: Dial[] = []
  while (!queue.isFull) dials.push(begin(queue))
  return dials
}

function begin(queue: DialQueue): Dial {
  const dial = { isSlow: () => false } as Dial
  queue.begin(dial)
  return dial
}

function end(queue: DialQueue, dials: readonly Dial[]): void {
  for (const dial of dials) queue.end(dial)
}
