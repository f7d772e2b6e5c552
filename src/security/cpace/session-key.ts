// The session key of draft-irtf-cfrg-cpace-21 §7.2.
import { createHash } from 'node:crypto'
import { DOMAIN } from './generator.js'
import { concatenate, type ShareMessage, transcript } from './strings.js'

const NO_SID = Buffer.alloc(0)

/**
 * `ISK` (§7.2), in the initiator-responder setting.
 *
 * @param point K, which must not be used outside this run (§10.3)
 */
export function sessionKey(
  point: Uint8Array,
  initiator: ShareMessage,
  responder: ShareMessage,
  sid: Uint8Array = NO_SID
): Buffer {
  const domain = Buffer.concat([DOMAIN, Buffer.from('_ISK')])
  return createHash('sha512')
    .update(concatenate(domain, sid, point))
    .update(transcript(initiator, responder))
    .digest()
}
