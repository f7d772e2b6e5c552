import { createRequire } from 'node:module'
import { TcpnetError } from '../../../errors.js'

/** The parts of the package `mdns` that this driver uses: the calls of dns_sd.h, and the object that watches their socket. */
export interface Mdns {
  readonly calls: DnsSd
  readonly MDNSService: new () => Watched
}

/** A DNSServiceRef and the watcher that processes its results. */
export interface Watched {
  readonly serviceRef: object
  start(): void
  stop(): void
  on(event: 'error', listener: (error: Error) => void): void
}

/** The calls of dns_sd.h as `mdns` offers them to JavaScript. Each throws if the library refuses it at once. */
export interface DnsSd {
  readonly kDNSServiceFlagsAdd: number
  DNSServiceRegister(
    ref: object,
    flags: number,
    interfaceIndex: number,
    name: string,
    type: string,
    domain: null,
    host: null,
    port: number,
    txt: Buffer,
    done: (ref: object, flags: number, error: number, name: string | undefined) => void,
    context: null
  ): void
  DNSServiceBrowse(
    ref: object,
    flags: number,
    interfaceIndex: number,
    type: string,
    domain: null,
    seen: (ref: object, flags: number, interfaceIndex: number, error: number, name: string | undefined) => void,
    context: null
  ): void
  DNSServiceResolve(
    ref: object,
    flags: number,
    interfaceIndex: number,
    name: string,
    type: string,
    domain: string,
    done: (
      ref: object,
      flags: number,
      interfaceIndex: number,
      error: number,
      fullName: string | undefined,
      host: string | undefined,
      port: number,
      txt: Buffer
    ) => void,
    context: null
  ): void
}

/** @throws {TcpnetError} ERR_TCPNET_NO_DRIVER if the package is missing, or does not load */
export function loadMdns(): Mdns {
  const require = createRequire(import.meta.url)
  try {
    // Not the package's main module, which registers a service of its own when it is loaded.
    return { calls: require('mdns/lib/dns_sd.js'), MDNSService: require('mdns/lib/mdns_service.js').MDNSService }
  } catch (cause) {
    throw new TcpnetError(
      'ERR_TCPNET_NO_DRIVER',
      `The driver "mdns" needs the package mdns, which did not load: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        'Install it: npm install mdns@2.7.2 (on Linux with the headers of libdns_sd, on Debian in ' +
        'libavahi-compat-libdnssd-dev; it compiles on Node 20 and 22).',
      cause
    )
  }
}

/** Codes of dns_sd.h: another instance has the name; the daemon does not accept the request. */
const NAME_CONFLICT = -65548
const REFUSED = [-65540, -65549]

/** What an exception of the `mdns` package means. */
export function failureOf(error: unknown): 'conflict' | 'refused' | 'daemon' {
  const code = error instanceof Error && 'errorCode' in error ? error.errorCode : undefined
  if (code === NAME_CONFLICT) return 'conflict'
  return REFUSED.some((refused) => refused === code) ? 'refused' : 'daemon'
}
