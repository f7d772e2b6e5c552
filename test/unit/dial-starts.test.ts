// When dials start: one in each turn of the event loop, in the order that saves dials which cross.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { DialStarts } from '#tcpnet/mesh/dial-starts.js'
import type { Link } from '#tcpnet/mesh/link.js'

function link(uuid: string): Link {
  return { uuid } as Link
}

test('one dial starts in each turn, after two turns that read what has arrived; lower uuids come first', async () => {
  const due: string[] = []
  const starts = new DialStarts('5', ({ uuid }) => due.push(uuid))
  for (const uuid of ['7', '3', '9', '1']) assert.equal(starts.mayStart(link(uuid)), false)
  await turn()
  assert.deepEqual(due, [])
  const seen: string[] = []
  while (due.length < 4) {
    await turn()
    assert.ok(due.length <= seen.length + 1, 'two in one turn')
    seen.splice(0, seen.length, ...due)
  }
  assert.deepEqual(due, ['3', '1', '7', '9'])
})

test('a dial that is due starts once, and waits again the next time', async () => {
  let due = 0
  const starts = new DialStarts('5', () => due++)
  const one = link('1')
  assert.equal(starts.mayStart(one), false)
  while (due < 1) await turn()
  assert.equal(starts.mayStart(one), true)
  assert.equal(starts.mayStart(one), false)
  while (due < 2) await turn()
})
