// Explicit key confirmation (draft-irtf-cfrg-cpace-21 §10.4).
import { createHash, createHmac } from 'node:crypto'
import { type Message, messageString } from './strings.js'

/**
 * The tag that the sender of a message confirms the key with (§10.4): HMAC-SHA-512 over that message, under `mac_key`. The
 * message names its sender's role, so that a tag does not pass for the other side's.
 */
export function confirmationOf(message: Message, sessionKey: Uint8Array): Buffer {
  const macKey = createHash('sha512').update('CPaceMac').update(sessionKey).digest()
  return createHmac('sha512', macKey).update(messageString(message)).digest()
}
