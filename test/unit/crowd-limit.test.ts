// Which attempts to connect the kernel is told to drop.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, it, mock, test } from 'node:test'
import { CROWD_LIMITS, CrowdLimit } from '#tcpnet/mesh/crowd-limit.js'
import { filterConnects } from '#tcpnet/net/connect-filter.js'
import { TokenBucket } from '#tcpnet/token-bucket.js'
import { listen } from '../support/test-mesh.js'

const { perAddress, newAddress, inAll } = CROWD_LIMITS
const [STRANGER, PEER, ABSENT] = ['10.0.0.1', '10.0.0.2', '10.0.0.3']
const NOTHING = ['drop']

beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }))
afterEach(() => mock.timers.reset())

/** A limit with a clock that the test moves. PEER and ABSENT are the addresses of peers. */
function trial(isPossible = true) {
  let now = 0
  const rules: string[][] = []
  const limit = new CrowdLimit({
    filter: (listed, addresses) => {
      rules.push([listed, ...addresses])
      return isPossible
    },
    isKnown: (address) => [PEER, ABSENT].includes(address),
    homes: () => [ABSENT, PEER],
    inAll: new TokenBucket(inAll, () => now),
    clock: () => now
  })
  const accept = (address: string, count: number) => {
    for (let n = 0; n < count; n++) limit.accepted(address)
  }
  /** Strangers at many addresses, each of which may still connect. */
  const crowd = (count: number) => {
    for (let n = 0; n < count; n++) limit.accepted(`10.1.${n >> 8}.${n & 255}`)
  }
  const pass = (ms: number) => {
    now += ms
    mock.timers.tick(ms)
  }
  return { limit, rules, accept, crowd, pass, rule: () => rules.at(-1) ?? NOTHING }
}

describe('the limit of a crowd', () => {
  it('drops an address that connects too often in vain, and lets it through again for a while', () => {
    const { rule, accept, pass } = trial()
    accept(STRANGER, newAddress)
    assert.deepEqual(rule(), NOTHING)
    accept(STRANGER, 1)
    assert.deepEqual(rule(), ['drop', STRANGER])
    pass(1000)
    assert.deepEqual(rule(), NOTHING)
    accept(STRANGER, perAddress.perSecond + 1)
    assert.deepEqual(rule(), ['drop', STRANGER])
  })

  it('allows an address at which a peer was connected more', () => {
    const { rule, accept } = trial()
    accept(PEER, perAddress.burst)
    assert.deepEqual(rule(), NOTHING)
    accept(`::ffff:${PEER}`, 1)
    assert.deepEqual(rule(), ['drop', PEER])
  })

  it('lets only peers through while many addresses connect too often together', () => {
    const { rule, crowd, pass } = trial()
    crowd(inAll.burst)
    assert.deepEqual(rule(), NOTHING)
    crowd(1)
    assert.deepEqual(rule(), ['pass', ABSENT, PEER])
    pass(1000)
    assert.deepEqual(rule(), NOTHING)
  })

  it('drops a peer that connects too often in any case', () => {
    const { rule, accept, crowd } = trial()
    accept(PEER, perAddress.burst + 1)
    crowd(inAll.burst)
    assert.deepEqual(rule(), ['pass', ABSENT])
  })

  it('accepts no more in the long run than it says, whatever the crowd', () => {
    const { limit, rules, pass, rule } = trial()
    const seconds = 60
    let accepted = 0
    for (let ms = 0; ms < seconds * 1000; ms++, pass(1)) {
      for (let n = 0; n < 4; n++) {
        const address = `10.2.0.${(4 * ms + n) % 9}`
        const [listed, ...addresses] = rule()
        if (addresses.includes(address) !== (listed === 'pass')) continue
        limit.accepted(address)
        accepted++
      }
    }
    const most = 9 * (newAddress + perAddress.perSecond * seconds)
    assert.ok(accepted <= most + 9 && accepted > most / 2, `${accepted} of ${most}`)
    assert.ok(rules.length < 40 * seconds, `the filter has changed ${rules.length} times`)
  })

  it('counts connections without an address in all: they were reset before they were accepted', () => {
    const { rules, rule, accept } = trial()
    accept('', inAll.burst)
    assert.deepEqual(rules, [])
    accept('', 1)
    assert.deepEqual(rule(), ['pass', ABSENT, PEER])
  })

  it('does not count connections that lead to peers', () => {
    const { limit, rules } = trial()
    for (let n = 0; n < 2 * inAll.burst; n++) {
      limit.accepted(PEER)
      limit.ledToPeer(PEER)
    }
    assert.deepEqual(rules, [])
  })

  it('counts nothing if the kernel cannot drop attempts, and leaves no filter', () => {
    const { rules, accept } = trial(false)
    accept(STRANGER, 2 * perAddress.burst)
    assert.deepEqual(rules, [['drop', STRANGER], NOTHING])
  })
})

test('the kernel gets addresses alone, without scopes, and nothing when the server has closed', {
  skip: process.platform !== 'linux' && 'the kernel of Linux alone has such filters'
}, async () => {
  const server = createServer()
  await listen(server)
  assert.ok(filterConnects(server, 'drop', ['', 'fe80::1%lo', '127.0.0.9']))
  server.close()
  assert.ok(!filterConnects(server, 'drop', ['127.0.0.9']))
})
