import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isHigher, parseUuid, randomUuid } from '#tcpnet/uuid.js'

const uuid = fc.string({ unit: fc.constantFrom(...'0123456789ABCDEF'), minLength: 1, maxLength: 63 })

describe('a uuid', () => {
  for (const [text, form] of [
    ['a', 'A'],
    ['00', '00'],
    ['DeadBeef', 'DEADBEEF'],
    ['f'.repeat(63), 'F'.repeat(63)],
    ['f'.repeat(64), null],
    ['', null],
    ['0x1', null],
    ['g', null],
    [' a', null],
    ['a\n', null],
    ['-1', null],
    ['１', null],
    ['__proto__', null],
    ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', null]
  ] as const) {
    it(`is ${form} if the text is ${JSON.stringify(text)}`, () => assert.equal(parseUuid(text), form))
  }

  it('has 128 random bits if none is given', () => {
    const many = new Set(Array.from({ length: 1000 }, randomUuid))
    assert.equal(many.size, 1000)
    for (const one of many) assert.match(one, /^[0-9A-F]{32}$/)
  })
})

describe('the higher uuid', () => {
  for (const [higher, lower] of [
    ['B', 'A'],
    ['10', 'F'],
    ['0B', 'A'],
    ['B', '0A'],
    ['0100', '00FF'],
    // Of equal numbers the greater string is higher: digits are below letters, a shorter string is below a longer one.
    ['A', '0A'],
    ['0A', '00A'],
    ['00', '0']
  ] as const) {
    it(`of ${higher} and ${lower} is ${higher}`, () => {
      assert.equal(isHigher(higher, lower), true)
      assert.equal(isHigher(lower, higher), false)
    })
  }

  it('is neither of two equal ones', () => {
    fc.assert(fc.property(uuid, (a) => assert.equal(isHigher(a, a), false)))
  })

  it('is the greater number, and one of any two that differ', () => {
    fc.assert(
      fc.property(uuid, uuid, (a, b) => {
        const [x, y] = [BigInt(`0x${a}`), BigInt(`0x${b}`)]
        if (x !== y) assert.equal(isHigher(a, b), x > y)
        if (a !== b) assert.equal(isHigher(a, b), !isHigher(b, a))
      })
    )
  })
})
