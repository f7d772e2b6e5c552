// Where a peer is, according to answers that may be false.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Places } from '#tcpnet/mesh/places.js'
import { MAX_ATTEMPTS } from '#tcpnet/mesh/race.js'
import { instanceAt } from '../support/test-mesh.js'

const UUID = 'A1'
const [TRUE, HOME, FALSE] = ['127.0.0.1', '127.0.0.2', '127.0.9.9']

function answer(port: number, addresses: readonly string[], ...others: [port: number, addresses: readonly string[]][]) {
  return { ...instanceAt(port, UUID, addresses), others: others.map(([port, all]) => instanceAt(port, UUID, all)) }
}

const many = Array.from({ length: 64 }, (_, n) => `127.0.9.${n}`)

describe('places that differ', () => {
  const textsOf = (endpoints: ReturnType<Places['hinted']>) =>
    endpoints.map(({ address, port }) => `${address}:${port}`)

  it('are dialed in turn, so that none of them hides another', () => {
    const found = textsOf(new Places().take(answer(1, many, [2, [TRUE, HOME]], [3, many])))
    assert.deepEqual(found.slice(0, 5), ['127.0.9.0:1', `${TRUE}:2`, '127.0.9.0:3', '127.0.9.1:1', `${HOME}:2`])
    assert.equal(found.length, MAX_ATTEMPTS)
  })

  it('are dialed first where the peer was connected before, and last where a dial has failed', () => {
    const places = new Places()
    places.connectedAt(HOME, 2)
    places.suspect(['127.0.9.0'])
    const found = textsOf(places.take(answer(1, many, [2, [TRUE, HOME]])))
    assert.deepEqual(found.slice(0, 4), [`${HOME}:2`, '127.0.9.1:1', '127.0.9.2:1', `${TRUE}:2`])
    assert.ok(!found.includes('127.0.9.0:1'))
  })

  it('are kept for a dial that has to wait, and forgotten with the next answer', () => {
    const places = new Places()
    places.take(answer(1, [FALSE], [2, [TRUE]]))
    places.keepHint()
    assert.deepEqual(textsOf(places.hinted()), [`${FALSE}:1`, `${TRUE}:2`])
    places.takeHint(instanceAt(3, UUID, [FALSE]))
    assert.deepEqual(textsOf(places.hinted()), [`${FALSE}:3`])
  })

  it('are those of the present hint, whatever changes it', () => {
    const places = new Places()
    const hinted = () => textsOf(places.hinted())
    assert.deepEqual(hinted(), [])
    places.takeHint(instanceAt(1, UUID, [FALSE]))
    assert.deepEqual(hinted(), [`${FALSE}:1`])
    places.useHint()
    assert.deepEqual(hinted(), [])
    places.take(answer(2, [TRUE]))
    assert.deepEqual(hinted(), [])
    places.keepHint()
    assert.deepEqual(hinted(), [`${TRUE}:2`])
    places.take(answer(2, [TRUE], [3, [FALSE]]))
    places.keepHint()
    places.take(answer(4, [HOME], [5, [FALSE]]))
    assert.deepEqual(hinted(), [`${TRUE}:2`])
    places.connectedAt(HOME, 6)
    places.useHint()
    assert.deepEqual(hinted(), [])
    places.lost()
    assert.deepEqual(hinted(), [`${HOME}:6`])
  })

  it('are all the place of the peer until it is connected, then the one where it is', () => {
    const places = new Places()
    places.take(answer(1, [FALSE], [2, [TRUE, HOME]]))
    assert.deepEqual(
      [TRUE, HOME, FALSE].map((one) => places.isPlacedAt(one)),
      [true, true, true]
    )
    places.connectedAt(TRUE, 2)
    assert.deepEqual(
      [TRUE, HOME, FALSE].map((one) => places.isPlacedAt(one)),
      [true, true, false]
    )
    assert.deepEqual(places.reported, { host: 'lies.local', port: 2, addresses: [TRUE, HOME] })
  })
})

describe('addresses that failed', () => {
  it('are dialed last, the one that failed latest at the very end', () => {
    const places = new Places()
    const [a, b, c] = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const
    places.takeHint(instanceAt(1, UUID, [a, b, c]))
    const order = () => places.hinted().map(({ address }) => address)
    assert.deepEqual(order(), [a, b, c])
    places.suspect([a, b])
    assert.deepEqual(order(), [c, a, b])
    places.suspect([c])
    assert.deepEqual(order(), [a, b, c])
    places.suspect([a])
    assert.deepEqual(order(), [b, c, a])
    places.connectedAt(a, null)
    assert.deepEqual(order(), [a, b, c])
  })
})
