import { ageText, bytesText, fit, shortUuid } from './shown.js'

/** What is shown of one peer. */
export interface PeerRow {
  readonly uuid: string
  readonly state: string
  /** Where it is, or was told to be last; empty where that is not known. */
  readonly address: string
  readonly host: string | null
  /** Of the connection; null where there is none. */
  readonly connection: {
    readonly ageMs: number
    readonly bytesIn: number
    readonly bytesOut: number
    /** Null where the system does not tell. */
    readonly roundTripMs: number | null
  } | null
  /** Why it is not connected; null where it is, or where nothing has failed. */
  readonly why: string | null
}

/** Columns from which on there is room for whole uuids and IPv6 addresses. */
const WIDE = 120

/** The rows in the order in which they are shown: what is not connected first, because somebody looks for it. */
export function sorted(rows: readonly PeerRow[]): PeerRow[] {
  return [...rows].sort(
    (a, b) => Number(a.connection !== null) - Number(b.connection !== null) || (a.uuid < b.uuid ? -1 : 1)
  )
}

/** The table for a terminal of that size: a head, and as many peers as there is room for. No line is longer than the terminal. */
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

/** The reason takes the place of the figures of a connection. */
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
