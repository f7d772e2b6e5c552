/**
 * Characters that a terminal or log viewer interprets or does not show: control characters, directional marks, line separators.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu

/** The longest domain name (RFC 1035 §2.3.4). */
const MAX_LENGTH = 255

/**
 * A host name for display: `hôst.local`. DNS-SD libraries write some characters as `\.` and as `\195`, a byte of UTF-8 in
 * decimal digits (RFC 6763 §4.3, RFC 1035 §5.1). Unprintable characters are shown as `\u{202e}`: the name is untrusted text.
 */
export function shownHost(escaped: string): string {
  return printable(unescapeName(escaped), MAX_LENGTH)
}

/** A name without escapes. */
function unescapeName(name: string): string {
  if (!name.includes('\\')) return name
  const bytes: Buffer[] = []
  for (const [text, digits, character] of name.matchAll(/\\(\d{3})|\\(.)|[^\\]+|\\$/gsu)) {
    if (digits !== undefined) bytes.push(Buffer.of(Number(digits) & 0xff))
    else bytes.push(Buffer.from(character ?? text))
  }
  return Buffer.concat(bytes).toString()
}

/** A text with unprintable characters escaped, and cut after `maxLength` characters. */
export function printable(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  const shown = cut.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
  return shown.length > maxLength ? `${shown.slice(0, maxLength)}…` : shown
}
