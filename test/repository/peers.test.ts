// The parts of the benchmark `peers` that need neither a laboratory nor the packages that it compares.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PEERS, type Peer } from '../../bench/peers/catalogue.js'
import { failuresOf, replaced, TABLES, tableOf } from '../../bench/peers/report.js'
import { type Current, current, type Session, summarize } from '../../bench/peers/results.js'

const FOLDER = fileURLToPath(new URL('../../../bench/peers/', import.meta.url))

const peer = (id: string, kind: Peer['kind'], rest: Partial<Peer> = {}): Peer => ({
  id,
  title: id,
  adapter: id,
  daemon: false,
  kind,
  ...rest
})
const peers = [
  peer('us', 'ours', { cannot: { restart: 'uses no daemon' } }),
  peer('fast', 'JavaScript'),
  peer('slow', 'JavaScript')
]
const result = (metric: string, id: string, value: number | string, nodes?: number): Current => ({
  run: 'A',
  metric,
  peer: id,
  ...(nodes === undefined ? {} : { nodes }),
  ...(typeof value === 'number' ? { value } : { failed: value })
})

describe('the programs of bench/peers', () => {
  it('each peer has an adapter, and each adapter a peer', () => {
    const used = new Set(PEERS.map(({ adapter }) => `${adapter}.js`))
    assert.deepEqual([...used].sort(), readdirSync(`${FOLDER}adapters`).sort())
  })

  it('versions are pinned', () => {
    const { dependencies } = JSON.parse(readFileSync(`${FOLDER}package.json`, 'utf8')) as {
      dependencies: Record<string, string>
    }
    for (const [name, version] of Object.entries(dependencies)) assert.match(version, /^\d/, name)
    assert.ok(existsSync(`${FOLDER}package-lock.json`))
  })
})

describe('summarize', () => {
  it('has the median, the spread and the failures', () => {
    const runs = [result('join', 'us', 3), result('join', 'us', 'too late'), result('join', 'us', 1)]
    assert.deepEqual(summarize(runs), { median: 2, least: 1, most: 3, runs: 3, failures: ['too late'] })
  })

  it('has no median if all runs failed', () => {
    assert.equal(summarize([result('join', 'us', 'too late')]).median, null)
  })
})

describe('current', () => {
  const session = (at: string, ...results: Current[]): Session => ({
    at,
    machine: 'this one',
    conditions: [],
    versions: {},
    results
  })
  const old = session('1', result('join', 'us', 1, 2), result('join', 'us', 1, 5))
  const gone = session('2', result('join', 'us', 2, 2))
  const last = session('3', result('join', 'us', 3, 2), result('join', 'us', 4, 2))

  it('has the results of the newest session for each metric, peer and size, and no others', () => {
    const found = [...current([old, gone, last])].map(([{ at }, results]) => [
      at,
      results.map(({ run, value, nodes }) => `${run} ${value} ${nodes}`)
    ])
    assert.deepEqual(found, [
      ['1', ['A 1 5']],
      ['3', ['B 3 2', 'B 4 2']]
    ])
  })

  it('the rows of a table name their runs', () => {
    const results = [...current([old, last]).values()].flat()
    assert.match(tableOf('join', [peer('us', 'ours')], results), /^\| us .* AB \|$/m)
  })
})

describe('tableOf', () => {
  it('compares with the best JavaScript peer, in the direction of the metric', () => {
    const results = [
      result('transfer', 'us', 30),
      result('transfer', 'fast', 20),
      result('transfer', 'slow', 10),
      result('messages', 'us', 'the bytes do not arrive')
    ]
    const rows = tableOf('data', peers, results)
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
    assert.deepEqual(rows[2]?.slice(1, 4), ['us', '30, ×1.5', 'the bytes do not arrive'])
    assert.deepEqual(rows[4]?.slice(1, 4), ['slow', '10, ×0.5', ''])
  })

  it('says what a peer cannot do, and how many runs failed', () => {
    const results = [
      result('killed', 'us', 5),
      result('restart', 'fast', 10),
      result('restart', 'fast', 30),
      result('restart', 'fast', 'lost')
    ]
    const text = tableOf('losses', peers, results)
    assert.match(text, /^\| us .* uses no daemon \| +A \|$/m)
    assert.match(text, /^\| fast .* 20 \(10-30\), ×1, 1 of 3 failed \| +A \|$/m)
  })
})

it('failures are listed once for each peer, scenario and size', () => {
  const results = [1, 2].map((have) => result('join', 'slow', `it has ${have} of 9 connections`, 10))
  assert.match(failuresOf(peers, results), /^\| slow \| +join \| 10 \| not all of 9 connections \| +2 \|$/m)
})

it('docs/benchmarks.md has a place for each table', () => {
  const page = readFileSync(new URL('../../../docs/benchmarks.md', import.meta.url), 'utf8')
  for (const name of ['circumstances', ...Object.keys(TABLES), 'failures']) {
    assert.match(
      replaced(page, name, 'the new text'),
      new RegExp(`<!-- ${name} -->\n\nthe new text\n\n<!-- /${name} -->`)
    )
  }
})
