import { throwAwayCertificate } from './certificate.js'
import { loadElligator } from './cpace/elligator.js'
import { deriveKeys, type Secret } from './keys.js'
import { SecretExchange } from './secret-exchange.js'
import { TlsSecurity } from './tls.js'

export interface SecretOptions {
  /** At least one: the first is used to dial, all of them are accepted, so that a cluster can change its secret. */
  readonly secrets: readonly Secret[]
  /** The cluster's name. */
  readonly name: string
  /** The service's uuid. */
  readonly uuid: string
}

/**
 * TLS 1.3 with a certificate that proves nothing, and CPace inside of it, which proves to each side that the other knows
 * the secret and that nobody is in the middle.
 *
 * @param gates gates of its own in the place of the process's
 */
export function secretSecurity(options: SecretOptions, gates?: TlsSecurity['gates']): TlsSecurity {
  // Loaded now rather than when peers wait; a failure is told when the service listens.
  const elligator = loadElligator()
  elligator.catch(() => {})
  return new TlsSecurity('secret', {
    setUp: async () => {
      const { secrets, name, uuid } = options
      const { key, cert, fingerprint } = throwAwayCertificate()
      const [keys, map] = await Promise.all([deriveKeys(secrets, name), elligator])
      const exchange = new SecretExchange({ name, uuid, keys, fingerprint, map })
      return {
        // No authority at all: Node would load its own, and trust them.
        context: { ca: [] },
        // Said, because the environment (NODE_TLS_REJECT_UNAUTHORIZED) decides where it is not.
        client: { rejectUnauthorized: false, checkServerIdentity: () => undefined },
        server: { key, cert },
        admit: exchange.admit,
        forget: () => exchange.forget()
      }
    },
    ...(gates === undefined ? {} : { gates })
  })
}
