import type { SecretOptions } from './secret.js'
import type { Security, SecurityMode } from './security.js'
import type { TlsSecurity } from './tls.js'
import type { TlsSettings } from './tls-settings.js'

/**
 * A security whose code is loaded only by a service that uses it: node:tls and the code on top of it would add half to the time
 * and the memory of importing the package. The constructor starts loading; {@link prepare} reports a failure.
 */
class LazySecurity implements Security {
  readonly mode: SecurityMode
  readonly #loading: Promise<TlsSecurity>
  #loaded: TlsSecurity | null = null

  constructor(mode: SecurityMode, load: () => Promise<TlsSecurity>) {
    this.mode = mode
    this.#loading = load()
    this.whenLoaded((loaded) => {
      this.#loaded = loaded
    })
  }

  prepare(done: (error: Error | null) => void): void {
    this.#loading.then(
      (loaded) => loaded.prepare(done),
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

  forget(): void {
    this.whenLoaded((loaded) => loaded.forget())
  }

  /**
   * Calls `use` at once if the code is loaded, else when it has been loaded, in the order of the calls; never if loading fails.
   */
  protected whenLoaded(use: (loaded: TlsSecurity) => void): void {
    if (this.#loaded !== null) use(this.#loaded)
    else this.#loading.then(use, () => {})
  }

  #prepared(): TlsSecurity {
    if (this.#loaded === null) throw new Error('Connections are secured only after prepare().')
    return this.#loaded
  }
}

/** Security by a secret. */
export function lazySecret(options: SecretOptions): Security {
  return new LazySecurity('secret', async () => (await import('./secret.js')).secretSecurity(options))
}

/** Security by certificates. */
export class LazyTls extends LazySecurity {
  constructor(settings: TlsSettings) {
    super('tls', async () => (await import('./mutual-tls.js')).tlsSecurity(settings))
  }

  /** Replaces the certificates, for future connections. */
  renew(settings: TlsSettings): void {
    this.whenLoaded(async (loaded) => loaded.renew((await import('./mutual-tls.js')).tlsSetup(settings)))
  }
}
