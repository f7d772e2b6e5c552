import { printable } from '../discovery/host-name.js'

/** Untrusted text for a terminal: characters that are not printable are escaped, except tabs, and long text is cut. */
export function shownText(text: string, maxLength = Number.POSITIVE_INFINITY): string {
  return text
    .split('\t')
    .map((part) => printable(part, maxLength))
    .join('\t')
}

/** A line of JSON. Control characters of terminals are escaped, including those that JSON allows. */
export function jsonLine(value: object): string {
  return JSON.stringify(value).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join('')
  )
}

/** A short form of a uuid: its first eight digits. */
export function shortUuid(uuid: string): string {
  return uuid.slice(0, 8)
}

/** An address with its port: `10.0.0.1:4711`, `[fe80::1%eth0]:4711`. */
export function endpointOf(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Cuts or pads a text to a width. */
export function fit(text: string, width: number): string {
  if (text.length <= width) return text.padEnd(width)
  return width <= 1 ? text.slice(0, Math.max(width, 0)) : `${text.slice(0, width - 1)}…`
}

/** A number of bytes in at most 7 characters: `812 B`, `1.2 MB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes, 0]
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** A time span in at most 6 characters: `8s`, `12m`, `3h`, `20d`. */
export function ageText(ms: number): string {
  const seconds = Math.max(Math.floor(ms / 1000), 0)
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`
}

/** A number with its noun: `1 service`, `2 services`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** An address; an IPv4-mapped IPv6 address in IPv4 form (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '')
}
