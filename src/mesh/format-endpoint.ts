import { canonical } from '../net/addresses.js'

/** An address and a port as in a URL (RFC 3986 §3.2.2): `10.0.0.1:80`, `[fe80::1%eth0]:80`. */
export function formatEndpoint(address: string, port: number | undefined): string {
  const short = canonical(address)
  return short.includes(':') ? `[${short}]:${port}` : `${short}:${port}`
}
