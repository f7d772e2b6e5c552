// Explicit key confirmation (draft-irtf-cfrg-cpace-21 §10.4).
import { createHash, createHmac } from 'node:crypto'
import { messageString, type ShareMessage } from './strings.js'

/**
 * The tag with which the sender of a message confirms the key (§10.4): HMAC-SHA-512 over that message, with `mac_key`. The
 * message contains its sender's role, so that neither side can send back the other's tag.
 */
export function confirmationOf(message: ShareMessage, sessionKey: Uint8Array): Buffer {
  const macKey = createHash('sha512').update('CPaceMac').update(sessionKey).digest()
  return createHmac('sha512', macKey).update(messageString(message)).digest()
}
