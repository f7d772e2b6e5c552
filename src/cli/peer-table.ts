import { ageText, bytesText, fit, shortUuid } from './shown.js'

/** A row of the table: one peer. */
export interface PeerRow {
  readonly uuid: string
  readonly state: string
  /** Its address, or the one that was last reported; empty if none is known. */
  readonly address: string
  readonly host: string | null
  /** Its connection; null if there is none. */
  readonly connection: {
    readonly ageMs: number
    readonly bytesIn: number
    readonly bytesOut: number
    /** Null if the system does not report it. */
    readonly roundTripMs: number | null
  } | null
  /** Why it is not connected; null if it is, or if nothing has failed. */
  readonly why: string | null
}

/** The least number of columns for complete uuids and IPv6 addresses. */
const WIDE = 120

/** The rows in display order: peers that are not connected come first, because they need attention. */
export function sorted(rows: readonly PeerRow[]): PeerRow[] {
  return [...rows].sort(
    (a, b) => Number(a.connection !== null) - Number(b.connection !== null) || (a.uuid < b.uuid ? -1 : 1)
  )
}

/** The table for a terminal of that size: a head, and as many peers as fit. No line is wider than the terminal. */
export function tableOf(
  rows: readonly PeerRow[],
  { columns, lines }: { readonly columns: number; readonly lines: number }
): string[] {
  const room = Math.max(lines - 1, 1)
  const all = sorted(rows)
  const shown = all.length > room ? all.slice(0, room - 1) : all
  const hidden = all.length - shown.length
  const table = [head(columns), ...shown.map((row) => lineOf(row, columns))]
  if (hidden > 0) table.push(`… and ${hidden} more`)
  return table.map((line) => (line.length > columns ? fit(line, columns) : line).trimEnd())
}

function widthsOf(columns: number): readonly number[] {
  return columns < WIDE ? [8, 9, 22, 5, 7, 7, 8] : [32, 9, 48, 5, 7, 7, 8]
}

function head(columns: number): string {
  return cells(['PEER', 'STATE', 'ADDRESS', 'AGE', 'IN', 'OUT', 'RTT', ''], columns)
}

/** The columns of a row's connection, or the reason if there is none. */
function lineOf({ uuid, state, address, connection, why }: PeerRow, columns: number): string {
  const peer = columns < WIDE ? shortUuid(uuid) : uuid
  if (connection === null) return `${cells([peer, state, address], columns)} ${why ?? ''}`
  const { ageMs, bytesIn, bytesOut, roundTripMs } = connection
  const figures = [ageText(ageMs), bytesText(bytesIn), bytesText(bytesOut), roundTripText(roundTripMs)]
  return cells([peer, state, address, ...figures, why ?? ''], columns)
}

function cells(texts: readonly string[], columns: number): string {
  const widths = widthsOf(columns)
  return texts.map((text, at) => fit(text, widths[at] ?? text.length)).join(' ')
}

/** A round-trip time in at most 8 characters. */
function roundTripText(ms: number | null): string {
  if (ms === null) return '-'
  return ms < 10 ? `${ms.toFixed(2)} ms` : `${Math.round(ms)} ms`
}
