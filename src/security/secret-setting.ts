import { invalidType, invalidValue } from '../errors.js'

/** A secret of the cluster: a passphrase, or a key of at least 32 bytes. */
export type Secret = string | Uint8Array

/** The most secrets: more than a change of the secret needs. Each allows an attacker one more guess. */
const MAX_SECRETS = 4
/** The shortest key, in bytes. */
const MIN_KEY_BYTES = 32

/** A word with fewer characters than this is found with a few thousand guesses. */
const SHORT_PASSPHRASE = 8
/** Whether this process has emitted the warning about a short passphrase. */
let wasWarned = false

/**
 * Checks the setting `secret`. No message shows any of it.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE; undefined, too
 * @throws {RangeError} ERR_INVALID_ARG_VALUE
 */
export function checkSecrets(given: unknown): Secret[] {
  const secrets: unknown[] = Array.isArray(given) ? given : [given]
  if (secrets.length === 0) throw invalidValue('settings.secret', 'must have at least one secret', [])
  if (secrets.length > MAX_SECRETS) {
    throw invalidValue('settings.secret', `must have at most ${MAX_SECRETS} secrets`, secrets.length)
  }
  return secrets.map(checkSecret)
}

function checkSecret(secret: unknown): Secret {
  if (typeof secret === 'string') {
    if (secret === '') throw invalidValue('settings.secret', 'must not be empty', '')
    warnIfShort(secret)
    return secret
  }
  if (!(secret instanceof Uint8Array)) {
    throw invalidType('settings.secret', 'a string, a Buffer or an array of them', secret)
  }
  if (secret.length >= MIN_KEY_BYTES) return Buffer.from(secret)
  throw invalidValue(
    'settings.secret',
    `must have at least ${MIN_KEY_BYTES} bytes if it is a Buffer`,
    `${secret.length} bytes`
  )
}

/** Warns once in a process: all services of an application may have the same secret. */
function warnIfShort(passphrase: string): void {
  if (wasWarned || [...passphrase].length >= SHORT_PASSPHRASE) return
  wasWarned = true
  process.emitWarning(
    `The setting secret is a passphrase of fewer than ${SHORT_PASSPHRASE} characters. A host on the network can try one guess a ` +
      'second: use a longer passphrase, or 32 random bytes.',
    { code: 'TCPNET_SHORT_PASSPHRASE' }
  )
}
