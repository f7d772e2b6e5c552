import { short, table } from '../lib/figures.js'
import type { Peer } from './catalogue.js'
import { type Current, type Session, selected, summarize } from './results.js'

/** A column of a table: a metric, for one number of members if it varies. */
export interface Column {
  readonly metric: string
  readonly title: string
  readonly nodes?: number
  /** Default false: less is better. */
  readonly more?: true
}

const BY_SIZE = [2, 5, 10, 20]
const bySize = (metric: string): Column[] => BY_SIZE.map((nodes) => ({ metric, title: `N = ${nodes}`, nodes }))

/** The tables of docs/benchmarks.md, by name. */
export const TABLES: Readonly<Record<string, readonly Column[]>> = {
  join: bySize('join'),
  together: bySize('together'),
  start: bySize('start'),
  losses: [
    { metric: 'killed', title: 'killed, ms' },
    { metric: 'vanished', title: 'host vanished, ms' },
    { metric: 'restart', title: 'daemon restarted, ms' }
  ],
  data: [
    { metric: 'transfer', title: '1 GiB to one, MiB/s', more: true },
    { metric: 'messages', title: '1 KiB to ten, messages/s', more: true }
  ],
  memory: [
    { metric: 'memory', title: 'process, MiB' },
    { metric: 'connection', title: 'heap for each connection, KiB' }
  ],
  idle: [
    { metric: 'packets', title: 'packets' },
    { metric: 'cpu', title: 'CPU, ms' }
  ],
  installs: [
    { metric: 'size', title: 'installed, MiB' },
    { metric: 'packages', title: 'packages' },
    { metric: 'import', title: 'start and import, ms' }
  ]
}

/**
 * A table with a row for each peer that was measured. A cell has the median, the least and the greatest value, and the ratio
 * of the median to that of the best JavaScript peer. The last column has the runs from which the row comes.
 */
export function tableOf(name: string, peers: readonly Peer[], results: readonly Current[]): string {
  const columns = TABLES[name] ?? []
  const best = columns.map((column) => bestOf(column, peers, results))
  const rows = peers.flatMap((peer) => {
    const cells = columns.map((column, i) => cell(column, peer, results, best[i] ?? null))
    const measured = columns.flatMap(({ metric, nodes }) => selected(results, metric, peer.id, nodes))
    return measured.length === 0 ? [] : [[peer.title, ...cells, runsOf(measured)]]
  })
  return table(['', ...columns.map(({ title }) => title), 'run'], rows)
}

function runsOf(results: readonly Current[]): string {
  return [...new Set(results.map(({ run }) => run))].sort().join('')
}

function bestOf(column: Column, peers: readonly Peer[], results: readonly Current[]): number | null {
  const medians = peers
    .filter(({ kind }) => kind === 'JavaScript')
    .map(({ id }) => summarize(selected(results, column.metric, id, column.nodes)).median)
    .filter((value) => value !== null)
  if (medians.length === 0) return null
  return column.more ? Math.max(...medians) : Math.min(...medians)
}

function cell({ metric, nodes }: Column, peer: Peer, results: readonly Current[], best: number | null): string {
  const cannot = peer.cannot?.[metric]
  if (cannot !== undefined) return cannot
  const { median, least, most, runs, failures } = summarize(selected(results, metric, peer.id, nodes))
  if (runs === 0) return ''
  const failed = failures.length === 0 ? '' : `, ${failures.length} of ${runs} failed`
  if (median === null) return [...new Set(failures.map(reason))].join('; ')
  const spread = least === most ? '' : ` (${short(least)}-${short(most)})`
  return `${short(median)}${spread}${best === null ? '' : `, ×${short(median / best)}`}${failed}`
}

/** A failure without the part that differs from run to run. */
function reason(failed: string): string {
  return failed.replace(/it has \d+ of/, 'not all of')
}

/** Each failure once for each peer, metric and size, with its number. */
export function failuresOf(peers: readonly Peer[], results: readonly Current[]): string {
  const counts = new Map<string, number>()
  for (const { peer, metric, nodes, failed } of results) {
    if (failed === undefined) continue
    const title = peers.find(({ id }) => id === peer)?.title ?? peer
    const key = [title, metric, nodes ?? '', reason(failed)].join(' | ')
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return table(
    ['', 'scenario', 'N', 'failure', 'runs'],
    [...counts].map(([key, count]) => [...key.split(' | '), String(count)])
  )
}

/** The machine, the versions, and when each run was and under which load. */
export function circumstances(counting: ReadonlyMap<Session, readonly Current[]>): string {
  const sessions = [...counting.keys()]
  const versions = Object.assign({}, ...sessions.map((session) => session.versions)) as Record<string, string>
  const rows = [...counting].map(([{ at, conditions }, results]) => {
    const loads = conditions.map((text) => /load ([\d.]+)/.exec(text)?.[1])
    return [runsOf(results), at.slice(0, 16), loads.join(', ')]
  })
  return [
    ...new Set(sessions.map(({ machine }) => machine)),
    '',
    table(['run', 'began (UTC)', 'load before, after'], rows),
    '',
    `Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`
  ].join('\n')
}

/** Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->`. Throws if the page has no such place. */
export function replaced(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page has no place for ${name}`)
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`
}
