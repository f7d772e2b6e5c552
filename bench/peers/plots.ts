import { createRequire } from 'node:module'
import type { Peer } from './catalogue.js'
import { FOLDER } from './member.js'
import { TABLES } from './report.js'
import { type Current, selected, summarize } from './results.js'

/** The part of the packages vega and vega-lite that is used; they are dependencies of bench/peers alone. */
interface Vega {
  parse(spec: unknown): unknown
  View: new (runtime: unknown, options: { renderer: 'none' }) => { toSVG(): Promise<string> }
}
interface VegaLite {
  compile(spec: unknown): { spec: unknown }
}

/** An SVG: for each peer the median and the spread of the columns of a table, on one logarithmic scale. */
export async function plotOf(
  name: string,
  unit: string,
  peers: readonly Peer[],
  results: readonly Current[]
): Promise<string> {
  const require = createRequire(`${FOLDER}package.json`)
  const [vega, lite] = [require('vega') as Vega, require('vega-lite') as VegaLite]
  const columns = TABLES[name] ?? []
  const values = columns.flatMap(({ metric, title, nodes }) =>
    peers.flatMap((peer) => {
      const { median, least, most } = summarize(selected(results, metric, peer.id, nodes))
      return median === null ? [] : [{ column: title, peer: peer.title, median, least, most }]
    })
  )
  const titles = columns.map(({ title }) => title)
  const y = { field: 'peer', type: 'nominal', sort: peers.map(({ title }) => title), title: null, axis: { grid: true } }
  const yOffset = { field: 'column', type: 'nominal', sort: titles }
  const color = { field: 'column', type: 'nominal', sort: titles, title: null }
  const x = { type: 'quantitative', scale: { type: 'log', nice: false }, title: unit }
  const spec = {
    data: { values },
    width: 420,
    height: { step: 6 },
    layer: [
      { mark: 'rule', encoding: { y, yOffset, color, x: { ...x, field: 'least' }, x2: { field: 'most' } } },
      { mark: { type: 'point', filled: true }, encoding: { y, yOffset, color, x: { ...x, field: 'median' } } }
    ],
    config: { background: 'white', aria: false }
  }
  const view = new vega.View(vega.parse(lite.compile(spec).spec), { renderer: 'none' })
  const svg = await view.toSVG()
  // Smaller: fewer digits, and no attributes that have no effect.
  return svg
    .replace(/ (?:role|aria-[a-z]+|class|pointer-events)="[^"]*"/g, '')
    .replace(/\d+\.\d{2,}/g, (number) => Number(number).toFixed(1))
}
