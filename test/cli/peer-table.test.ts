import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PeerRow, tableOf } from '#tcpnet/cli/peer-table.js'

const connected = (uuid: string): PeerRow => ({
  uuid,
  state: 'connected',
  address: '10.0.0.2:4711',
  host: null,
  connection: { ageMs: 61_000, bytesIn: 1234, bytesOut: 0, roundTripMs: 0.123 },
  why: null
})
const UUID = 'A1B2C3D4E5F60718293A4B5C6D7E8F90'

test('a row has the figures of the connection, or the reason why there is none; the latter come first', () => {
  const waiting: PeerRow = {
    ...connected('B2'),
    state: 'waiting',
    connection: null,
    why: 'ECONNREFUSED: nobody listens'
  }
  assert.deepEqual(tableOf([connected(UUID), waiting], { columns: 80, lines: 24 }), [
    'PEER     STATE     ADDRESS                AGE   IN      OUT     RTT',
    'B2       waiting   10.0.0.2:4711          ECONNREFUSED: nobody listens',
    'A1B2C3D4 connected 10.0.0.2:4711          61s   1.2 kB  0 B     0.12 ms'
  ])
})

test('no line is longer than the terminal, and no more are shown than there is room for', () => {
  const reason = { ...connected('B2'), connection: null, why: 'x'.repeat(500) }
  const address = { ...connected('C3'), address: `[fe80::${'1234:'.repeat(4)}%a-long-interface]:12345` }
  const rows = [reason, address, ...Array.from({ length: 50 }, (_, at) => connected(`D${at}`))]
  for (const [columns, lines] of [
    [80, 24],
    [200, 50],
    [20, 3],
    [1, 1]
  ] as const) {
    const table = tableOf(rows, { columns, lines })
    assert.ok(table.length <= Math.max(lines, 2), `${table.length} lines of ${lines}`)
    for (const line of table) assert.ok(line.length <= columns, line)
  }
  assert.equal(tableOf(rows, { columns: 80, lines: 24 }).at(-1), '… and 30 more')
})
