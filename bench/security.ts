// What security costs: compares `none`, a passphrase, a key and certificates. Measures the time in which a node joins a
// settled mesh of five, each on a host of its own; the throughput of a connection between two hosts; and the processor
// time of a handshake for both sides together.
//
//   scripts/bench security [--parts join,throughput,handshake] [--runs 10]
import { randomBytes } from 'node:crypto'
import { withLab } from '../test/lab/index.js'
import { choices, count, options } from '../test/support/options.js'
import { certificate } from './lib/certificate.js'
import { median, quantile, Samples, short, table } from './lib/figures.js'
import { handshakes, securities } from './lib/handshakes.js'
import { Member } from './lib/member.js'
import type { NodeSettings } from './lib/protocol.js'
import { conditions, hostNames, quiet } from './lib/run.js'
import { BARE, throughput } from './lib/streams.js'

const { values: given } = options(import.meta.url, {
  parts: { type: 'string', default: 'join,throughput,handshake' },
  runs: { type: 'string', default: '10' }
})
const runs = count('runs', given.runs)
const NODES = 5
const MIB = 2 ** 20
const HANDSHAKES = 200

const MODES: Record<string, Omit<NodeSettings, 'name'>> = {
  none: { driver: 'avahi' },
  passphrase: { driver: 'avahi', secret: 'correct horse battery staple' },
  key: { driver: 'avahi', secretKey: randomBytes(32).toString('hex') },
  tls: { driver: 'avahi', tls: certificate() }
}

const parts = { join: joining, throughput: streaming, handshake: shaking } as const
for (const part of choices('parts', given.parts, ['join', 'throughput', 'handshake'])) {
  await parts[part]()
  console.log(`\n${conditions()}.\n`)
}

async function joining(): Promise<void> {
  const times = new Samples()
  await withLab(async (lab) => {
    const [newHost, ...others] = await lab.hosts(hostNames(NODES))
    if (newHost === undefined) throw new RangeError('a mesh has at least one host')
    const meshes = new Map<string, Member[]>()
    for (const [mode, settings] of Object.entries(MODES)) {
      const mesh: Member[] = []
      for (const host of others) {
        const member = await Member.start(host, { name: `b-${mode}`, ...settings })
        await member.listen(mesh.length)
        mesh.push(member)
      }
      meshes.set(mode, mesh)
    }
    for (let run = 0; run < runs; run++) {
      for (const [mode, settings] of Object.entries(MODES)) {
        const mesh = meshes.get(mode) ?? []
        await Promise.all(mesh.map((member) => member.settle(mesh.length - 1)))
        await newHost.avahi.restart()
        const newcomer = await Member.start(newHost, { name: `b-${mode}`, ...settings })
        await quiet()
        times.add(mode, (await newcomer.listen(mesh.length)).joinedMs)
        await newcomer.close()
      }
    }
    await Promise.all([...meshes.values()].flat().map((member) => member.close()))
  })
  const none = median(times.of('none'))
  const rows = times.keys.map((mode) => {
    const values = times.of(mode)
    return [mode, short(median(values)), short(quantile(values, 0.9)), short(median(values) - none)]
  })
  console.log(`bench/security, join: a newcomer to a mesh of ${NODES}, its daemon's cache empty; ${runs} runs.\n`)
  console.log(table(['', 'median ms', '9 in 10 below', 'more than none'], rows))
}

async function streaming(): Promise<void> {
  await withLab(async (lab) => {
    const pair = await lab.hosts(['alpha', 'beta'])
    const rows = (await throughput(pair, { bytes: 128 * MIB, services: MODES }, runs)).map((one) => [
      one.kind === BARE ? 'net.Socket' : one.kind,
      Math.round(one.mebibytesPerSecond).toString(),
      one.ratio.toFixed(3)
    ])
    console.log(`bench/security, throughput: 128 MiB at a time, in turns; medians of ${runs} rounds.\n`)
    console.log(table(['', 'MiB/s', 'ratio'], rows))
  })
}

async function shaking(): Promise<void> {
  const times = { cpu: new Samples(), time: new Samples() }
  const kinds = Object.entries(securities())
  for (let run = 0; run < runs; run++) {
    for (const [kind, security] of kinds) {
      const { cpuMs, timeMs } = await handshakes(security, HANDSHAKES)
      times.cpu.add(kind, cpuMs)
      times.time.add(kind, timeMs)
    }
  }
  const rows = kinds.map(([kind]) => [kind, short(median(times.cpu.of(kind))), short(median(times.time.of(kind)))])
  console.log(`bench/security, handshake: both sides in one process, warm; medians of ${runs} runs of ${HANDSHAKES}.\n`)
  console.log(table(['', 'ms of CPU', 'ms'], rows))
}
