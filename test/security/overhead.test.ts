// A member that floods another with TLS messages without data: which traffic counts as a flood, and how it ends.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { isFlood, LOOK_EVERY_MS, OverheadWatch } from '#tcpnet/security/overhead.js'

/** Bytes of a record in addition to its content (RFC 8446 §5.2), and of a record with a key update (§4.6.3). */
const RECORD = 22
const KEY_UPDATE = RECORD + 5

test('what counts as a flood, in a second', () => {
  const second = (records: number, bytes: number, updates: number) =>
    isFlood(
      { encrypted: 5000, plain: 100 },
      { encrypted: 5000 + records * RECORD + bytes + updates * KEY_UPDATE, plain: 100 + bytes }
    )
  for (const [records, bytes, updates, expected] of [
    [0, 0, 0, false],
    // The largest overhead that an application can cause: a record for each byte.
    [40_000, 40_000, 0, false],
    [60_000, 900_000_000, 0, false],
    [0, 0, 100, false],
    [1, 1, 500, false],
    [0, 0, 700, true],
    [0, 0, 20_000, true],
    [10_000, 10_000, 30_000, true],
    [100, 1_000_000, 2000, false]
  ] as const) {
    assert.equal(second(records, bytes, updates), expected, `${records} records, ${bytes} bytes, ${updates} updates`)
  }
})

test('a connection that floods is closed with an error, and charged; other connections stay open, and are forgotten when closed', (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => mock.timers.reset())
  const watch = new OverheadWatch()
  const make = () => {
    const one = { charged: 0, error: null as Error | null, raw: { bytesRead: 0 } }
    const secured = {
      bytesRead: 0,
      destroyed: false,
      destroy: (error?: Error) => {
        one.error = error ?? null
        secured.destroyed = true
        return secured as never
      }
    }
    watch.add({ raw: one.raw, secured, onFlood: () => one.charged++ })
    return Object.assign(one, { secured })
  }
  const [quiet, busy, flooding] = [make(), make(), make()]
  for (let second = 0; second < 3; second++) {
    busy.raw.bytesRead += 1_000_000
    busy.secured.bytesRead += 990_000
    flooding.raw.bytesRead += second === 1 ? 1_000_000 : 100
    mock.timers.tick(LOOK_EVERY_MS)
  }
  assert.equal((flooding.error as NodeJS.ErrnoException | null)?.code, 'ERR_TLS_SESSION_ATTACK')
  assert.deepEqual(
    [quiet, busy, flooding].map(({ charged }) => charged),
    [0, 0, 1]
  )
  assert.deepEqual(
    [quiet, busy].map(({ secured }) => secured.destroyed),
    [false, false]
  )
})
