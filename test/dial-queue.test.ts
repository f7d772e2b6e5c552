// Whose turn it is to dial: how many dials there may be at once, in one service and in one process.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DialQueue } from '#tcpnet/mesh/dial-queue.js'
import type { Dial } from '#tcpnet/mesh/dialer.js'

describe('dials at once', () => {
  test('are as many as a service is given, where it is alone', () => {
    const queue = new DialQueue(16)
    const dials = fill(queue)
    assert.equal(dials.length, 16)
    end(queue, dials)
  })

  test('are shared by the services of a process, one for each in any case', () => {
    const queues = Array.from({ length: 100 }, () => new DialQueue(16))
    const begun = queues.map((queue) => begin(queue))
    for (const queue of queues) assert.equal(queue.isFull, true)
    for (const [i, queue] of queues.entries()) if (i >= 8) end(queue, [begun[i] ?? assert.fail()])
    const [first = assert.fail()] = queues
    assert.equal(fill(first).length, 7, 'of 64 for eight services, less the one that it has')
  })
})

function fill(queue: DialQueue): Dial[] {
  const dials: Dial[] = []
  while (!queue.isFull) dials.push(begin(queue))
  return dials
}

function begin(queue: DialQueue): Dial {
  const dial = {} as Dial
  queue.begin(dial)
  return dial
}

function end(queue: DialQueue, dials: readonly Dial[]): void {
  for (const dial of dials) queue.end(dial)
}
