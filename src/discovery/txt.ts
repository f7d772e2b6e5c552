import type { Txt } from './discovery.js'

/** The strings of a TXT record: each is preceded by its length in one byte (RFC 6763 §6.1). A truncated string is left out. */
export function splitTxt(record: Buffer): string[] {
  const strings: string[] = []
  for (let at = 0; at < record.length; ) {
    const end = at + 1 + (record[at] ?? 0)
    if (end > record.length) break
    if (end > at + 1) strings.push(record.toString('utf8', at + 1, end))
    at = end
  }
  return strings
}

/** The strings of a TXT record: `key=value` (RFC 6763 §6.3). */
export function formatTxt(txt: Txt): string[] {
  return Object.entries(txt).map(([key, value]) => `${key}=${value}`)
}

/** The TXT record with these strings, each of at most 255 bytes. */
export function joinTxt(strings: readonly string[]): Buffer {
  return Buffer.concat(strings.flatMap((string) => [Buffer.of(Buffer.byteLength(string)), Buffer.from(string)]))
}

/** The keys that are read. An untrusted record may have thousands of others, which are ignored. The addon does the same. */
const KEYS: readonly string[] = ['v', 'sec']
/** Longer than every valid value, and so short that V8 copies the substring instead of keeping the whole string alive. */
const MAX_VALUE_LENGTH = 12

/**
 * The pairs with the keys `v` and `sec` in the strings of a TXT record, each value cut after 12 characters. The first string of
 * a key is used; a string without `=` is a key with an empty value (RFC 6763 §6.4).
 */
export function parseTxt(strings: readonly string[]): Txt {
  const txt: Record<string, string> = Object.create(null)
  for (const string of strings) {
    const at = string.indexOf('=')
    const key = (at < 0 ? string : string.slice(0, at)).toLowerCase()
    if (KEYS.includes(key) && !(key in txt)) txt[key] = at < 0 ? '' : string.slice(at + 1, at + 1 + MAX_VALUE_LENGTH)
  }
  return txt
}
