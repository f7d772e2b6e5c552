import { hkdfSync, scrypt } from 'node:crypto'

/** A secret of the cluster: a passphrase, or at least 32 bytes of key. */
export type Secret = string | Uint8Array

const KEY_BYTES = 32
/**
 * The cost of stretching a passphrase (RFC 7914 §2): 64 MiB and about two tenths of a second. On the network no
 * passphrase can be tried offline; stretching is for the day on which a member's memory is stolen.
 */
const SCRYPT = { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 }

/**
 * Makes what the PAKE takes (PRS) of a cluster's secrets, off the main thread. The cluster's name is the salt: the same
 * passphrase gives another key elsewhere.
 */
export async function deriveKeys(secrets: readonly Secret[], name: string): Promise<Buffer[]> {
  return await Promise.all(secrets.map((secret) => deriveKey(secret, `tcpnet:${name}`)))
}

async function deriveKey(secret: Secret, salt: string): Promise<Buffer> {
  // HKDF with SHA-256 (RFC 5869).
  if (typeof secret !== 'string') return Buffer.from(hkdfSync('sha256', secret, salt, 'tcpnet 1 secret', KEY_BYTES))
  return await new Promise((resolve, reject) => {
    // Bun calls back with undefined in the place of null.
    scrypt(secret.normalize('NFC'), salt, KEY_BYTES, SCRYPT, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
