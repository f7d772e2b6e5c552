// One side of a run of CPACE-X25519-SHA512 in the initiator-responder setting (draft-irtf-cfrg-cpace-21 §7).
import { type KeyObject, timingSafeEqual } from 'node:crypto'
import { confirmationOf } from './confirmation.js'
import { generatorOf, type MapToCurve, POINT_BYTES } from './generator.js'
import { sessionKey } from './session-key.js'
import type { ShareMessage } from './strings.js'
import { multiply, sampleScalar } from './x25519.js'

export type Role = 'initiator' | 'responder'

/** The inputs of a run. */
export interface RunOptions {
  readonly role: Role
  /** PRS, which both sides have to know. */
  readonly secret: Uint8Array
  /** CI, which has to be the same on both sides. */
  readonly channel: Uint8Array
  /** AD: the identity of this side, in clear. */
  readonly associatedData: Uint8Array
  readonly map: MapToCurve
}

/** The confirmations of a run. */
export interface Confirmations {
  /** The tag that this side sends. */
  readonly own: Buffer
  /** Whether a tag of the other side is right: then it knows the secret, and has seen the same messages. */
  readonly accepts: (tag: Uint8Array) => boolean
}

/** For one run: its scalar is used with one share of the other side, and then erased (§10.9). */
export class Party {
  readonly message: ShareMessage
  readonly #role: Role
  #scalar: KeyObject | null

  constructor({ role, secret, channel, associatedData, map }: RunOptions) {
    this.#role = role
    const generator = generatorOf(secret, channel, map)
    const scalar = sampleScalar()
    const share = multiply(scalar, generator)
    generator.fill(0)
    // The chance that a hash maps to a point of low order is about 2^-250.
    if (share === null) throw new Error('The generator is of low order.')
    this.#scalar = scalar
    this.message = { share, associatedData }
  }

  /** @returns null if the other side's share is not a point, or of low order (§7.2: "MUST abort") */
  finish(theirs: ShareMessage): Confirmations | null {
    const scalar = this.#scalar
    this.#scalar = null
    if (scalar === null || theirs.share.length !== POINT_BYTES) return null
    const point = multiply(scalar, theirs.share)
    if (point === null) return null
    const ours = this.message
    const key = this.#role === 'initiator' ? sessionKey(point, ours, theirs) : sessionKey(point, theirs, ours)
    const [own, expected] = [confirmationOf(ours, key), confirmationOf(theirs, key)]
    for (const bytes of [point, key]) bytes.fill(0)
    return { own, accepts: (tag) => tag.length === expected.length && timingSafeEqual(tag, expected) }
  }
}
