import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deadPeerOptions, LONGEST_DEAD_PEER_TIMEOUT_MS, SHORTEST_DEAD_PEER_TIMEOUT_MS } from '#tcpnet/net/dead-peer.js'

describe('the kernel options for a deadPeerTimeout where the kernel alone closes connections', () => {
  const cases: [timeoutMs: number, idle: number, interval: number, count: number, dropTime: number][] = [
    [2000, 1, 1, 1, 1],
    [2999, 1, 1, 1, 1],
    [3000, 1, 1, 2, 2],
    [4000, 1, 1, 2, 3],
    [5000, 1, 1, 3, 4],
    [9999, 1, 1, 7, 6],
    [10_000, 2, 2, 3, 7],
    [15_000, 3, 3, 3, 11],
    [60_000, 12, 12, 3, 42],
    [86_400_000, 17_280, 17_280, 3, 60_480]
  ]
  for (const [timeoutMs, idle, interval, count, dropTime] of cases) {
    it(`${timeoutMs} ms`, () =>
      assert.deepEqual(deadPeerOptions(timeoutMs, false), { idle, interval, count, dropTime }))
  }

  it('end an idle connection in time, after at least one probe, with values that the kernel accepts', () => {
    for (let ms = SHORTEST_DEAD_PEER_TIMEOUT_MS; ms <= LONGEST_DEAD_PEER_TIMEOUT_MS; ms += 1000 + Math.floor(ms / 7)) {
      const { idle, interval, count } = deadPeerOptions(ms, false)
      assert.ok((idle + count * interval) * 1000 <= ms, `${ms} ms`)
      assert.ok(count >= 1 && idle >= 1 && idle <= 32_767 && interval >= 1 && interval <= 32_767, `${ms} ms`)
    }
  })
})

describe('the kernel options for a deadPeerTimeout on Linux', () => {
  it('begin probing after two fifths of the timeout, or one second', () => {
    const idle = [2000, 2999, 5000, 9999, 10_000, 86_400_000].map((timeoutMs) => deadPeerOptions(timeoutMs, true).idle)
    assert.deepEqual(idle, [1, 1, 2, 3, 4, 32_767])
  })
})
