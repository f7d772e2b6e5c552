import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plain, securityObjection } from '#tcpnet/security/security.js'

describe('the security that a peer announces', () => {
  const cases: [what: string, announced: string | undefined, told: RegExp | null][] = [
    ['the same', 'none', null],
    ['nothing', undefined, null],
    ['a secret', 'secret', /^The peer A1 announces security "secret", but this service has "none"/],
    ['certificates', 'tls', /^The peer A1 announces security "tls", but this service has "none"/],
    ['an empty text', '', /^The peer A1 announces another kind of security, /],
    ['control characters', '\u009b2J\u202etls\u2028', /^The peer A1 announces another kind of security, /],
    ['a long text', 'x'.repeat(9000), /^The peer A1 announces another kind of security, /],
    ['a property of every object', 'constructor', /^The peer A1 announces another kind of security, /]
  ]
  for (const [what, announced, told] of cases) {
    it(`is named in the error if it is known, and not repeated otherwise: ${what}`, () => {
      const objection = securityObjection(plain, 'A1', announced)
      if (told === null) return assert.equal(objection, null)
      assert.match(objection?.message ?? '', told)
      assert.match(objection?.message ?? '', /^[\x20-\x7e]{1,300}$/)
    })
  }
})
