import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MAX_INSTANCES, Sightings } from '#tcpnet/discovery/sightings.js'

/** Sightings, and their reports as text: `seen A1`. */
function record({ begun = true } = {}): { sightings: Sightings; told: string[] } {
  const told: string[] = []
  const sightings = new Sightings({
    seen: (uuid) => told.push(`seen ${uuid}`),
    gone: (uuid) => told.push(`gone ${uuid}`)
  })
  if (begun) sightings.begin()
  return { sightings, told }
}

describe('a name', () => {
  it('is reported only after begin(), and then at once; begin() counts once', () => {
    const { sightings, told } = record({ begun: false })
    sightings.seen('A1')
    sightings.seen('B2')
    sightings.gone('A1')
    assert.deepEqual(told, [])
    sightings.begin()
    sightings.begin()
    assert.deepEqual(told, ['seen B2'])
  })

  it('is reported when it is seen and when it is gone, once each', () => {
    const { sightings, told } = record()
    for (let times = 0; times < 2; times++) sightings.seen('A1')
    for (let times = 0; times < 2; times++) sightings.gone('A1')
    assert.deepEqual(told, ['seen A1', 'gone A1'])
  })

  it('that was never seen is not reported gone', () => {
    const { sightings, told } = record()
    sightings.gone('A1')
    assert.deepEqual(told, [])
  })

  it('that is gone can come back', () => {
    const { sightings, told } = record()
    sightings.seen('A1')
    sightings.gone('A1')
    sightings.seen('A1')
    assert.deepEqual(told, ['seen A1', 'gone A1', 'seen A1'])
  })

  it('is ignored beyond the limit, until another is gone', () => {
    const { sightings, told } = record()
    for (let n = 0; n < MAX_INSTANCES + 10; n++) sightings.seen(n.toString(16).toUpperCase())
    assert.equal(told.length, MAX_INSTANCES)
    sightings.gone('0')
    sightings.seen('FFFF')
    sightings.seen('FFFE')
    assert.deepEqual(told.slice(MAX_INSTANCES), ['gone 0', 'seen FFFF'])
  })
})

describe('an outage', () => {
  it('keeps the names, and then drops those that are not seen again', () => {
    const { sightings, told } = record()
    for (const name of ['A1', 'B2']) sightings.seen(name)
    sightings.doubt()
    sightings.seen('B2')
    assert.deepEqual(told.splice(0), ['seen A1', 'seen B2'])
    sightings.dropDoubted()
    sightings.dropDoubted()
    assert.deepEqual(told, ['gone A1'])
  })

  it('that comes during another is one more', () => {
    const { sightings, told } = record()
    sightings.seen('A1')
    sightings.doubt()
    sightings.seen('A1')
    sightings.doubt()
    sightings.dropDoubted()
    assert.deepEqual(told, ['seen A1', 'gone A1'])
  })

  it('before begin() counts, too', () => {
    const { sightings, told } = record({ begun: false })
    sightings.seen('A1')
    sightings.doubt()
    sightings.seen('B2')
    sightings.begin()
    sightings.dropDoubted()
    assert.deepEqual(told, ['seen A1', 'seen B2', 'gone A1'])
  })

  it('has a name that is gone meanwhile reported gone at once', () => {
    const { sightings, told } = record()
    sightings.seen('A1')
    sightings.doubt()
    sightings.gone('A1')
    sightings.dropDoubted()
    assert.deepEqual(told, ['seen A1', 'gone A1'])
  })

  it('makes room for names that are seen after it if the limit is reached', () => {
    const { sightings, told } = record()
    for (let n = 0; n < MAX_INSTANCES; n++) sightings.seen(n.toString(16).toUpperCase())
    sightings.doubt()
    sightings.seen('0')
    told.splice(0)
    sightings.seen('FFFF')
    assert.deepEqual(told.splice(0), ['gone 1', 'seen FFFF'])
    sightings.dropDoubted()
    assert.equal(told.length, MAX_INSTANCES - 2)
    assert.ok(!told.includes('gone 0') && !told.includes('gone FFFF'))
  })
})

describe('a name, with sightings and losses in any order', () => {
  const uuid = fc.constantFrom('A', 'B', 'C')
  const step = fc.oneof(
    fc.record({ what: fc.constantFrom('seen', 'gone'), uuid }),
    fc.record({ what: fc.constantFrom('begin', 'doubt', 'dropDoubted'), uuid: fc.constant('') })
  ) as fc.Arbitrary<{ what: 'seen' | 'gone' | 'begin' | 'doubt' | 'dropDoubted'; uuid: string }>

  it('is reported seen and gone alternately, as it is known, and gone in the end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { sightings, told } = record({ begun: false })
        // The reference model of each step: which names count as announced.
        const known = new Map<string, boolean>()
        for (const { what, uuid } of [...steps, { what: 'begin', uuid: '' } as const]) {
          sightings[what](uuid)
          if (what === 'seen') known.set(uuid, true)
          if (what === 'gone') known.delete(uuid)
          if (what === 'doubt') for (const name of known.keys()) known.set(name, false)
          if (what === 'dropDoubted') for (const [name, confirmed] of [...known]) if (!confirmed) known.delete(name)
        }
        const last = (name: string) => told.filter((line) => line.endsWith(` ${name}`)).at(-1) ?? `gone ${name}`
        for (const name of ['A', 'B', 'C'])
          assert.equal(last(name), known.has(name) ? `seen ${name}` : `gone ${name}`, told.join('; '))
        sightings.doubt()
        sightings.dropDoubted()
        for (const name of ['A', 'B', 'C']) {
          const mine = told.filter((line) => line.endsWith(` ${name}`))
          const alternately = mine.map((_line, index) => `${index % 2 === 0 ? 'seen' : 'gone'} ${name}`)
          assert.deepEqual(mine, alternately)
          assert.equal(mine.length % 2, 0, told.join('; '))
        }
      })
    )
  })
})
