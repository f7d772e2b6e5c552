import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lines } from '#tcpnet/cli/lines.js'
import { ageText, bytesText, endpointOf, fit, jsonLine, plainAddress, shownText } from '#tcpnet/cli/shown.js'

/** The lines that a peer's chunks make. */
function linesOf(...chunks: (string | Buffer)[]): string[] {
  const told: string[] = []
  const lines = new Lines((line) => told.push(line))
  for (const chunk of chunks) lines.add(Buffer.from(chunk))
  lines.end()
  return told
}

test('what a terminal acts on is escaped, in text and in JSON', () => {
  const hostile = 'a\x1b]0;x\x07\x9b\u202e\u2028\ud800\tz'
  assert.equal(shownText(hostile), 'a\\u{1b}]0;x\\u{7}\\u{9b}\\u{202e}\\u{2028}\\u{d800}\tz')
  const line = jsonLine({ text: hostile, emoji: '😀' })
  assert.doesNotMatch(line, /[\p{C}\p{Zl}\p{Zp}]/u)
  assert.deepEqual(JSON.parse(line), { text: hostile, emoji: '😀' })
  // A tag character: outside of the basic plane, two code units.
  assert.deepEqual(JSON.parse(jsonLine({ tag: '\u{e0001}' })), { tag: '\u{e0001}' })
})

test('what peers send is cut into lines, over chunks and characters, and lines that do not end are cut', () => {
  const snow = Buffer.from('☃\r\nb')
  assert.deepEqual(linesOf('a', snow.subarray(0, 1), snow.subarray(1)), ['a☃', 'b'])
  assert.deepEqual(linesOf('one\n\nthree\n'), ['one', '', 'three'])
  assert.deepEqual(
    linesOf('x'.repeat(5000), 'y'.repeat(5000)).map(({ length }) => length),
    [4096, 4096, 1808]
  )
  assert.deepEqual(
    linesOf(`${'x'.repeat(9000)}\n`).map(({ length }) => length),
    [4096, 4096, 808]
  )
})

test('figures are short', () => {
  assert.deepEqual([0, 999, 1000, 99_449, 123_456, 5e9, 1e15].map(bytesText), [
    '0 B',
    '999 B',
    '1.0 kB',
    '99.4 kB',
    '123 kB',
    '5.0 GB',
    '1000 TB'
  ])
  assert.deepEqual([-5, 0, 119_999, 120_000, 7_200_000, 172_800_000].map(ageText), [
    '0s',
    '0s',
    '119s',
    '2m',
    '2h',
    '2d'
  ])
})

test('addresses', () => {
  assert.equal(endpointOf('10.0.0.1', 1), '10.0.0.1:1')
  assert.equal(endpointOf('fe80::1%eth0', 1), '[fe80::1%eth0]:1')
  assert.equal(plainAddress('::ffff:10.0.0.1'), '10.0.0.1')
  assert.deepEqual([fit('abc', 5), fit('abcdef', 4), fit('abc', 1), fit('abc', 0)], ['abc  ', 'abc…', 'a', ''])
})
