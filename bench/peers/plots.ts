import { createRequire } from 'node:module'
import type { Peer } from './catalogue.js'
import { FOLDER } from './member.js'
import { TABLES } from './report.js'
import { type Result, selected, summarize } from './results.js'

/** The part of the packages vega and vega-lite that is used; they are dependencies of bench/peers alone. */
interface Vega {
  parse(spec: unknown): unknown
  View: new (runtime: unknown, options: { renderer: 'none' }) => { toSVG(): Promise<string> }
}
interface VegaLite {
  compile(spec: unknown): { spec: unknown }
}

/** An SVG: for each peer the median and the spread of a metric on a logarithmic scale, in one panel for each size. */
export async function plotOf(
  name: string,
  unit: string,
  peers: readonly Peer[],
  results: readonly Result[]
): Promise<string> {
  const require = createRequire(`${FOLDER}package.json`)
  const [vega, lite] = [require('vega') as Vega, require('vega-lite') as VegaLite]
  const columns = TABLES[name] ?? []
  const values = columns.flatMap(({ metric, title, nodes }) =>
    peers.flatMap((peer) => {
      const { median, least, most } = summarize(selected(results, metric, peer.id, nodes))
      return median === null ? [] : [{ panel: title, peer: peer.title, kind: peer.kind, median, least, most }]
    })
  )
  const y = { field: 'peer', type: 'nominal', sort: peers.map(({ title }) => title), title: null }
  const scale = { type: 'log', nice: false }
  const color = { field: 'kind', type: 'nominal', legend: null }
  const spec = {
    data: { values },
    facet: { field: 'panel', type: 'nominal', columns: 2, title: null, sort: columns.map(({ title }) => title) },
    columns: 2,
    spec: {
      width: 220,
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2 },
          encoding: { y, x: { field: 'least', type: 'quantitative', scale, title: unit }, x2: { field: 'most' }, color }
        },
        {
          mark: { type: 'point', filled: true, size: 50 },
          encoding: { y, x: { field: 'median', type: 'quantitative', scale }, color }
        }
      ]
    },
    config: { background: 'white' }
  }
  const view = new vega.View(vega.parse(lite.compile(spec).spec), { renderer: 'none' })
  return await view.toSVG()
}
