import { type ThrowAwayCertificate, throwAwayCertificate } from './certificate.js'
import { loadElligator } from './cpace/elligator.js'
import type { MapToCurve } from './cpace/generator.js'
import { Party } from './cpace/party.js'
import { SecretExchange } from './secret-exchange.js'
import { deriveKeys } from './secret-keys.js'
import type { Secret } from './secret-setting.js'
import { FLIGHT_BYTES, groups, type TlsParts, TlsSecurity } from './tls.js'

export interface SecretOptions {
  /** At least one: the first is used to dial, all are accepted, so that a cluster can change its secret. */
  readonly secrets: readonly Secret[]
  /** The cluster's name. */
  readonly name: string
  /** The service's uuid. */
  readonly uuid: string
}

/**
 * TLS 1.3 with a self-signed certificate, which proves nothing, and CPace inside TLS, which proves to each side that the other
 * knows the secret and that no host in the middle relays the connection.
 */
export function secretSecurity(options: SecretOptions, parts: TlsParts = {}): TlsSecurity {
  // Started now, so that peers need not wait for it; a failure is reported when the service listens.
  const early = getReady()
  early.catch(() => {})
  return new TlsSecurity('secret', {
    setUp: async () => {
      const { secrets, name, uuid } = options
      const [keys, { map, certificate }] = await Promise.all([deriveKeys(secrets, name), early])
      const { key, cert, fingerprint } = certificate
      const exchange = new SecretExchange({ name, uuid, keys, fingerprint, map })
      return {
        // An empty list: without it Node would load and trust the public authorities.
        context: { ca: [] },
        // Set explicitly: the default depends on the environment (NODE_TLS_REJECT_UNAUTHORIZED).
        client: { rejectUnauthorized: false, checkServerIdentity: () => undefined },
        server: { key, cert },
        flightBytes: FLIGHT_BYTES,
        admit: exchange.admit,
        forget: () => exchange.forget()
      }
    },
    ...parts
  })
}

/** The slow part of the preparation that does not depend on the secret. */
async function getReady(): Promise<{ map: MapToCurve; certificate: ThrowAwayCertificate }> {
  const map = await loadElligator()
  checkItself(map)
  groups()
  return { map, certificate: throwAwayCertificate() }
}

/** Runs CPace once with itself: it checks that the cryptography of this runtime works, and lets V8 compile the code. */
function checkItself(map: MapToCurve): void {
  const common = { secret: Buffer.alloc(32), channel: Buffer.alloc(32), map }
  const initiator = new Party({ ...common, role: 'initiator', associatedData: Buffer.of(1) })
  const responder = new Party({ ...common, role: 'responder', associatedData: Buffer.of(2) })
  const [ours, theirs] = [initiator.finish(responder.message), responder.finish(initiator.message)]
  if (ours === null || theirs === null || !ours.accepts(theirs.own) || !theirs.accepts(ours.own)) {
    throw new Error(
      'The cryptography of this runtime fails its self-test: two sides with the same secret do not agree. Use another ' +
        'version of the runtime.'
    )
  }
}
