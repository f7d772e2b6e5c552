// Which responses are copies of others, as most hosts send each over IPv4 and IPv6.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { encode } from 'dns-packet'
import { readMessage } from '#tcpnet/discovery/drivers/embedded/messages.js'
import { RecentResponses } from '#tcpnet/discovery/drivers/embedded/recent-responses.js'
import { FakeClock } from '../../support/fake-clock.js'
import { packetOf } from './link-trial.js'

const [IPV4, IPV6, OTHER] = [
  { index: 1, family: 4 },
  { index: 1, family: 6 },
  { index: 2, family: 6 }
] as const

function message() {
  return readMessage(encode(packetOf('AA')))
}

it('a response over IPv6 is a duplicate if it was just received over IPv4, once for each time', () => {
  const clock = new FakeClock()
  const recent = new RecentResponses(() => clock.now())
  const one = message()
  assert.deepEqual(
    [IPV4, IPV6, IPV6].map((link) => recent.add(one, link)),
    ['new', 'duplicate', 'new']
  )
  const other = message()
  assert.equal(recent.add(other, IPV4), 'new')
  assert.equal(recent.add(other, OTHER), 'new')
  const late = message()
  assert.equal(recent.add(late, IPV4), 'new')
  clock.pass(500)
  assert.equal(recent.add(late, IPV6), 'new')
})

it('a response is repeated, but no duplicate, if it comes twice over one family, or over IPv4 after IPv6', () => {
  const recent = new RecentResponses(() => 0)
  for (const [first, second] of [
    [IPV4, IPV4],
    [IPV6, IPV6],
    [IPV6, IPV4]
  ] as const) {
    const one = message()
    assert.deepEqual([recent.add(one, first), recent.add(one, second)], ['new', 'repeated'])
  }
})
