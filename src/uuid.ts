const HEXADECIMAL = /^[0-9A-Fa-f]{1,63}$/

/** A service's identity if the caller gave none: 128 random bits, as 32 hexadecimal digits in upper case. */
export function randomUuid(): string {
  return randomHex(16).toUpperCase()
}

/** Random bytes as hexadecimal digits. From the Web Crypto API, so that importing the package does not load node:crypto. */
export function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex')
}

/**
 * A uuid in canonical form: 1 to 63 hexadecimal digits in upper case (a DNS label's length, RFC 1035 §2.3.4). Null for any
 * other text. Leading zeros stay: they are part of the instance name.
 */
export function parseUuid(text: string): string | null {
  return HEXADECIMAL.test(text) ? text.toUpperCase() : null
}

/** Whether `a` is the higher of two uuids: the greater number, and of equal numbers (`A`, `0A`) the greater string. */
export function isHigher(a: string, b: string): boolean {
  if (a.length === b.length) return a > b
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  if (x.length !== y.length) return x.length > y.length
  return x === y ? a > b : x > y
}
