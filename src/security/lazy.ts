import type { Secret } from './keys.js'
import type { Security, SecurityMode } from './security.js'
import type { TlsSecurity } from './tls.js'
import type { TlsSettings } from './tls-settings.js'

type Modes = typeof import('./modes.js')

interface Loaded {
  readonly security: TlsSecurity
  readonly modes: Modes
}

/**
 * A security whose code is loaded only by a service that uses it: node:tls and what is built on it would make the import of
 * the package half as long and half as large again. Loading starts with the constructor; {@link prepare} tells a failure.
 */
class LazySecurity implements Security {
  readonly mode: SecurityMode
  readonly #loading: Promise<Loaded>
  #loaded: Loaded | null = null

  constructor(mode: SecurityMode, make: (modes: Modes) => TlsSecurity) {
    this.mode = mode
    this.#loading = import('./modes.js').then((modes) => ({ security: make(modes), modes }))
    this.whenLoaded((loaded) => {
      this.#loaded = loaded
    })
  }

  prepare(done: (error: Error | null) => void): void {
    this.#loading.then(
      ({ security }) => security.prepare(done),
      (error: Error) => process.nextTick(done, error)
    )
  }

  client(...args: Parameters<Security['client']>): void {
    this.#prepared().client(...args)
  }

  server(...args: Parameters<Security['server']>): void {
    this.#prepared().server(...args)
  }

  reset(...args: Parameters<Security['reset']>): void {
    this.#prepared().reset(...args)
  }

  /** Calls `use` at once if the code is loaded, else when it is, in the order of the calls; never if loading fails. */
  protected whenLoaded(use: (loaded: Loaded) => void): void {
    if (this.#loaded !== null) use(this.#loaded)
    else this.#loading.then(use, () => {})
  }

  #prepared(): TlsSecurity {
    if (this.#loaded === null) throw new Error('Connections are secured only after prepare().')
    return this.#loaded.security
  }
}

/** Security by a secret. The first secret is used to dial, all of them are accepted. */
export function lazySecret(secrets: readonly Secret[], name: string): Security {
  return new LazySecurity('psk', ({ pskSecurity }) => pskSecurity(secrets, name))
}

/** Security by certificates. */
export class LazyTls extends LazySecurity {
  constructor(settings: TlsSettings) {
    super('tls', ({ tlsSecurity }) => tlsSecurity(settings))
  }

  /** Takes other certificates, for the connections to come. */
  renew(settings: TlsSettings): void {
    this.whenLoaded(({ security, modes }) => security.renew(modes.tlsSetup(settings)))
  }
}
