import { hkdfSync, scrypt } from 'node:crypto'

/** A secret of the cluster: a passphrase, or at least 32 bytes of key. */
export type Secret = string | Uint8Array

/** A pre-shared key of TLS 1.3 (RFC 8446 §2.2), and the name under which it is offered. */
export interface PresharedKey {
  readonly identity: string
  readonly key: Buffer
}

const KEY_BYTES = 32
/** The cost of stretching a passphrase (RFC 7914 §2): 64 MiB and about two tenths of a second. */
const SCRYPT = { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 }

/**
 * Makes the keys of a cluster's secrets, off the main thread. The cluster's name is the salt: the same passphrase gives
 * another key elsewhere.
 */
export async function deriveKeys(secrets: readonly Secret[], name: string): Promise<PresharedKey[]> {
  return await Promise.all(secrets.map(async (secret) => presharedKey(await stretch(secret, name))))
}

async function stretch(secret: Secret, name: string): Promise<Buffer> {
  const salt = `tcpnet:${name}`
  if (typeof secret !== 'string') return expand(secret, salt, 'secret')
  return await new Promise((resolve, reject) => {
    scrypt(secret.normalize('NFC'), salt, KEY_BYTES, SCRYPT, (error, key) =>
      error === null ? resolve(key) : reject(error)
    )
  })
}

/** The name of a key is derived from it, and tells nothing of it (RFC 9257 §7: identities are seen by everyone). */
function presharedKey(stretched: Buffer): PresharedKey {
  return {
    identity: expand(stretched, '', 'identity').subarray(0, 16).toString('hex'),
    key: expand(stretched, '', 'psk')
  }
}

/** HKDF with SHA-256 (RFC 5869). */
function expand(input: Uint8Array, salt: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', input, salt, `tcpnet 1 ${purpose}`, KEY_BYTES))
}
