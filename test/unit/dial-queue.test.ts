// How many dials may be under way at once, in one service and in one process, and in which order peers are dialed.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConnectBudget } from '#tcpnet/mesh/connect-budget.js'
import { DialQueue, type DialQueueOptions } from '#tcpnet/mesh/dial-queue.js'
import type { Dial } from '#tcpnet/mesh/dialer.js'
import type { Link } from '#tcpnet/mesh/link.js'
import { until } from '../support/wait.js'

const noRoom = () => assert.fail('no peer waits')

function makeQueue(change: Partial<DialQueueOptions> = {}): DialQueue {
  return new DialQueue({ maxDials: 16, budget: new ConnectBudget(), places: () => 1000, onRoom: noRoom, ...change })
}

let links = 0

function link({ isNew = true, isProven = false, first = '10.0.0.1' } = {}): Link {
  return { isNew, number: ++links, places: { isProven, first, wasConnectedAt: () => isProven } } as unknown as Link
}

function begin(queue: DialQueue, change: Partial<Dial> = {}): Dial {
  const dial = { isSlow: () => false, evict: () => assert.fail('it goes on'), ...change } as Dial
  queue.begin(link(), dial)
  return dial
}

function fill(queue: DialQueue, change: Partial<Dial> = {}): Dial[] {
  const dials: Dial[] = []
  while (queue.hasRoomFor(link())) dials.push(begin(queue, change))
  return dials
}

function end(queue: DialQueue, dials: readonly Dial[]): void {
  for (const dial of dials) queue.end(dial)
}

describe('dials at once', () => {
  test('are as many as the limit of the service, if it is the only one', () => {
    const queue = makeQueue()
    const dials = fill(queue)
    assert.equal(dials.length, 16)
    end(queue, dials)
  })

  test('are at most as many as there are places for connections', () => {
    let places = 3
    const queue = makeQueue({ places: () => places })
    const dials = fill(queue)
    assert.equal(dials.length, 3)
    places = 5
    dials.push(...fill(queue))
    assert.equal(dials.length, 5)
    end(queue, dials)
  })

  test('are shared by the services of a process, with at least one for each', () => {
    const queues = Array.from({ length: 100 }, () => makeQueue())
    const begun = queues.map((queue) => begin(queue))
    for (const queue of queues) assert.equal(queue.hasRoomFor(link()), false)
    for (const [i, queue] of queues.entries()) if (i >= 8) end(queue, [begun[i] ?? assert.fail()])
    const [first = assert.fail()] = queues
    const more = fill(first)
    assert.equal(more.length, 7, 'an eighth of 64, less the one under way')
    end(first, more)
    for (const [i, queue] of queues.slice(0, 8).entries()) end(queue, [begun[i] ?? assert.fail()])
  })
})

describe('peers that wait', () => {
  test('are dialed as soon as another service does not need its dials any more', async () => {
    let room = 0
    const others = Array.from({ length: 31 }, () => makeQueue())
    const begun = others.map((other) => begin(other))
    const onRoom = (count: number) => {
      room += count
    }
    const queue = makeQueue({ onRoom })
    const own = fill(queue)
    assert.equal(own.length, 2, 'of 64 for 32 services')
    for (let i = 0; i < 20; i++) queue.add(link())
    for (const [i, other] of others.entries()) end(other, [begun[i] ?? assert.fail()])
    await until(() => room > 0, 'no peer gets its turn')
    queue.clear()
    assert.equal(room, 14, 'of 16, less the two under way')
    end(queue, own)
  })

  test('are dialed alternately: the newest, and the one that has waited longest', () => {
    const queue = makeQueue()
    const links = [link({ isNew: false }), link(), link(), link()] as const
    for (const one of links) queue.add(one)
    // A peer that is added again, as after it was located, does not become newer.
    queue.add(links[1])
    assert.deepEqual(queue.take(9), [links[3], links[0], links[2], links[1]])
    assert.deepEqual(queue.take(9), [])
  })

  test('are dialed after those that were connected before, which take nothing out of the budget', () => {
    const budget = new ConnectBudget()
    const queue = makeQueue({ budget })
    const [lie, proven, other] = [
      link(),
      link({ isProven: true, isNew: false }),
      link({ isProven: true, isNew: false })
    ]
    for (const one of [lie, proven, other]) queue.add(one)
    assert.deepEqual(queue.take(1), [proven])
    while (budget.left() > 0) budget.take(`10.1.0.${budget.left()}`)
    assert.equal(queue.hasRoomFor(lie), false)
    assert.equal(queue.hasRoomFor(other), true)
    assert.deepEqual(queue.take(9), [other])
    queue.clear()
  })

  test('have every fourth turn while peers that were connected before wait', () => {
    const queue = makeQueue()
    const proven = Array.from({ length: 5 }, () => link({ isProven: true, isNew: false }))
    const [other, another] = [link(), link({ isNew: false })]
    for (const one of [...proven, another, other]) queue.add(one)
    assert.deepEqual(queue.take(9), [...proven.slice(0, 3), other, ...proven.slice(3), another])
    queue.clear()
  })

  test('are skipped while the budget has no token for their address', () => {
    const budget = new ConnectBudget()
    const queue = makeQueue({ budget })
    while (budget.waitMs('10.0.0.1') === 0) budget.take('10.0.0.1')
    const honest = link({ first: '10.0.0.2' })
    for (const one of [link(), honest, link(), link()]) queue.add(one)
    assert.deepEqual(queue.take(9), [honest])
    queue.clear()
  })
})

describe('a dial that is slow', () => {
  const isSlow = () => true

  test('yields its turn while others wait, and continues', async () => {
    let room = 0
    const onRoom = (count: number) => {
      room = count
    }
    const queue = makeQueue({ onRoom })
    const dials = fill(queue, { isSlow })
    for (let i = 0; i < 3; i++) queue.add(link())
    await until(() => room > 0, 'there is room for those that wait')
    assert.equal(room, 3)
    queue.clear()
    end(queue, dials)
  })

  test('yields together with few others, because each makes work', async () => {
    const rooms: number[] = []
    const queue = makeQueue({ onRoom: (count) => rooms.push(count) })
    const dials = fill(queue, { isSlow })
    for (let i = 0; i < 100; i++) queue.add(link())
    await until(() => rooms.length > 2, 'there is room for those that wait')
    assert.deepEqual(rooms.slice(0, 3), [4, 8, 12])
    queue.clear()
    end(queue, dials)
  })

  test('fails if too many have yielded, or if there is no place for another connection', async () => {
    for (const [places, most] of [
      [1000, 64],
      [16, 15]
    ] as const) {
      const given: Dial[] = []
      const makeDial = () => {
        const dial: Dial = begin(queue, { isSlow, evict: () => given.push(dial) && queue.end(dial) })
        return dial
      }
      const queue = makeQueue({
        places: () => places,
        onRoom: (count) => dials.push(...Array.from({ length: count }, makeDial))
      })
      const dials = Array.from({ length: 16 }, makeDial)
      for (let i = 0; i < 100; i++) queue.add(link())
      await until(() => given.length > 0, 'one yields')
      assert.deepEqual(given[0], dials[0], 'the oldest first')
      assert.ok(dials.length - given.length >= most)
      queue.clear()
      end(queue, dials)
    }
  })
})
