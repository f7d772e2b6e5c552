import { hkdfSync, scrypt } from 'node:crypto'
import type { Secret } from './secret-setting.js'

const KEY_BYTES = 32
/**
 * The cost of stretching a passphrase (RFC 7914 §2): 64 MiB and about 0.2 s. Recorded traffic allows no offline guesses;
 * stretching protects the passphrase if the memory of a member is stolen.
 */
const SCRYPT = { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 }

/**
 * Derives the PAKE's input (PRS) from the secrets of a cluster, off the main thread. The cluster's name is the salt: in another
 * cluster the same passphrase gives another key.
 */
export async function deriveKeys(secrets: readonly Secret[], name: string): Promise<Buffer[]> {
  return await Promise.all(secrets.map((secret) => deriveKey(secret, `tcpnet:${name}`)))
}

async function deriveKey(secret: Secret, salt: string): Promise<Buffer> {
  // HKDF with SHA-256 (RFC 5869).
  if (typeof secret !== 'string') return Buffer.from(hkdfSync('sha256', secret, salt, 'tcpnet 1 secret', KEY_BYTES))
  return await new Promise((resolve, reject) => {
    // Bun calls back with undefined instead of null.
    scrypt(secret.normalize('NFC'), salt, KEY_BYTES, SCRYPT, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
