// CPace (draft-irtf-cfrg-cpace-21) with X25519 and SHA-512: the draft's test vectors, step by step, and a party as a whole.
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { before, describe, test } from 'node:test'
import { confirmationOf } from '#tcpnet/security/cpace/confirmation.js'
import { loadElligator } from '#tcpnet/security/cpace/elligator.js'
import { generatorOf, generatorString, type MapToCurve } from '#tcpnet/security/cpace/generator.js'
import { Party, type Role } from '#tcpnet/security/cpace/party.js'
import { sessionKey } from '#tcpnet/security/cpace/session-key.js'
import { concatenate, prependLength, transcript } from '#tcpnet/security/cpace/strings.js'
import { multiply, sampleScalar } from '#tcpnet/security/cpace/x25519.js'
import { LOW_ORDER, LV_CAT, PREPEND_LEN, RUN, scalarOf, TRANSCRIPTS } from './cpace-vectors.js'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const hex = (value: Uint8Array | null) => (value === null ? null : Buffer.from(value).toString('hex'))

let map: MapToCurve
before(async () => {
  map = await loadElligator()
})

describe('the vectors of the draft', () => {
  test('A.1: lengths and concatenation', () => {
    for (const [given, result] of PREPEND_LEN) assert.equal(hex(prependLength(bytes(given))), result)
    for (const [length, head] of [
      [127, '7f'],
      [128, '8001'],
      [16_384, '808001']
    ] as const) {
      const result = prependLength(Buffer.alloc(length, 7))
      assert.equal(hex(result), head + '07'.repeat(length))
    }
    assert.equal(hex(concatenate(...LV_CAT.parts.map(bytes))), LV_CAT.result)
  })

  test('A.3.5: the transcript', () => {
    for (const [shareA, dataA, shareB, dataB, result] of TRANSCRIPTS) {
      const message = (share: string, data: string) => ({
        share: Buffer.from(share),
        associatedData: Buffer.from(data)
      })
      assert.equal(hex(transcript(message(shareA, dataA), message(shareB, dataB))), result)
    }
  })

  test('B.1.1: the generator', () => {
    const [secret, channel, sid] = [bytes(RUN.secret), bytes(RUN.channel), bytes(RUN.sid)]
    assert.equal(hex(generatorString(secret, channel, sid)), RUN.generatorString)
    assert.equal(hex(generatorOf(secret, channel, map, sid)), RUN.generator)
  })

  test('B.1.2 to B.1.5: shares, the point, the session key', () => {
    for (const { scalar, share } of [RUN.a, RUN.b]) {
      assert.equal(hex(multiply(scalarOf(scalar), bytes(RUN.generator))), share)
    }
    assert.equal(hex(multiply(scalarOf(RUN.a.scalar), bytes(RUN.b.share))), RUN.point)
    assert.equal(hex(multiply(scalarOf(RUN.b.scalar), bytes(RUN.a.share))), RUN.point)
    const [a, b] = [RUN.a, RUN.b].map(({ share, associatedData }) => ({
      share: bytes(share),
      associatedData: bytes(associatedData)
    }))
    assert.ok(a !== undefined && b !== undefined)
    assert.equal(hex(sessionKey(bytes(RUN.point), a, b, bytes(RUN.sid))), RUN.sessionKey)
  })

  test('B.1.10: points of low order, and points that look like them', () => {
    for (const [point, product] of LOW_ORDER.points) {
      assert.equal(hex(multiply(scalarOf(LOW_ORDER.scalar), bytes(point))), product, point)
    }
  })

  test('7.2: a product of zeros is refused even if the library allows it', () => {
    const [scalar, point] = [scalarOf(LOW_ORDER.scalar), bytes(RUN.generator)]
    assert.equal(
      multiply(scalar, point, () => Buffer.alloc(32)),
      null
    )
    const one = Buffer.alloc(32, 1)
    assert.equal(
      multiply(scalar, point, () => one),
      one
    )
  })

  // The draft has no vector for the confirmation. This follows §10.4.
  test('10.4: the confirmation', () => {
    const key = bytes(RUN.sessionKey)
    const macKey = createHash('sha512')
      .update(Buffer.concat([Buffer.from('CPaceMac'), key]))
      .digest()
    const message = bytes(`20${RUN.a.share}03${RUN.a.associatedData}`)
    const expected = createHmac('sha512', macKey).update(message).digest()
    const given = { share: bytes(RUN.a.share), associatedData: bytes(RUN.a.associatedData) }
    assert.deepEqual(confirmationOf(given, key), expected)
  })
})

describe('a party', () => {
  const make = (role: Role, change: { secret?: string; channel?: string; associatedData?: string } = {}) =>
    new Party({
      role,
      secret: Buffer.from(change.secret ?? 'secret'),
      channel: Buffer.from(change.channel ?? 'channel'),
      associatedData: Buffer.from(change.associatedData ?? role),
      map
    })

  /** Whether each side accepts the other's confirmation. */
  function agree(initiator: Party, responder: Party): [boolean, boolean] {
    const [ours, theirs] = [initiator.finish(responder.message), responder.finish(initiator.message)]
    assert.ok(ours !== null && theirs !== null)
    return [ours.accepts(theirs.own), theirs.accepts(ours.own)]
  }

  test('accepts the other side with the same secret on the same channel, and no other', () => {
    assert.deepEqual(agree(make('initiator'), make('responder')), [true, true])
    for (const change of [{ secret: 'another' }, { channel: 'another' }]) {
      assert.deepEqual(agree(make('initiator'), make('responder', change)), [false, false], JSON.stringify(change))
    }
    for (const role of ['initiator', 'responder'] as const) {
      assert.deepEqual(agree(make(role), make(role)), [false, false], `two sides are ${role}`)
    }
  })

  test('notices altered associated data, and an altered share', () => {
    for (const alter of ['share', 'associatedData'] as const) {
      const [initiator, responder] = [make('initiator'), make('responder')]
      const altered = { ...initiator.message, [alter]: Buffer.from(initiator.message[alter]) }
      altered[alter][0] = (altered[alter][0] ?? 0) ^ 1
      const [ours, theirs] = [initiator.finish(responder.message), responder.finish(altered)]
      assert.ok(ours !== null && theirs !== null)
      assert.deepEqual([ours.accepts(theirs.own), theirs.accepts(ours.own)], [false, false], alter)
    }
  })

  test('does not accept its own share and confirmation in place of the other side’s', () => {
    const initiator = make('initiator')
    const reflected = { ...initiator.message, associatedData: Buffer.from('responder') }
    const confirmations = initiator.finish(reflected)
    assert.ok(confirmations !== null)
    assert.equal(confirmations.accepts(confirmations.own), false)
  })

  test('aborts at every point of low order, at a malformed share, and at a second share', () => {
    const associatedData = Buffer.from('responder')
    for (const [point, product] of LOW_ORDER.points) {
      if (product !== null) continue
      assert.equal(make('initiator').finish({ share: bytes(point), associatedData }), null, point)
      assert.equal(make('responder').finish({ share: bytes(point), associatedData }), null, point)
    }
    for (const length of [0, 31, 33]) {
      assert.equal(make('initiator').finish({ share: Buffer.alloc(length, 9), associatedData }), null)
    }
    const [initiator, responder] = [make('initiator'), make('responder')]
    assert.ok(initiator.finish(responder.message) !== null)
    assert.equal(initiator.finish(responder.message), null)
  })

  test('refuses a tag of another length', () => {
    const [initiator, responder] = [make('initiator'), make('responder')]
    const [ours, theirs] = [initiator.finish(responder.message), responder.finish(initiator.message)]
    assert.ok(ours !== null && theirs !== null)
    for (const length of [0, 1, 63]) assert.equal(ours.accepts(theirs.own.subarray(0, length)), false)
    assert.equal(ours.accepts(Buffer.concat([theirs.own, Buffer.alloc(1)])), false)
  })

  test('has a fresh scalar in each run', () => {
    const shares = Array.from({ length: 20 }, () => hex(make('initiator').message.share))
    assert.equal(new Set(shares).size, 20)
    const scalars = Array.from({ length: 20 }, () => sampleScalar().export({ type: 'pkcs8', format: 'der' }))
    assert.equal(new Set(scalars.map(hex)).size, 20)
  })
})
