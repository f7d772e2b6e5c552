// Joins a mesh under V8's CPU profiler; prints the share of each step.
//   profiled-join.js SETTINGS PEERS
import { Session } from 'node:inspector/promises'
import { tcpnet } from 'tcpnet'
import { type Profiled, sharesOf } from './join-steps.js'
import type { NodeSettings } from './protocol.js'
import { settingsOf } from './settings.js'

/** Microseconds between samples. */
const SAMPLED_EVERY = 50

const [, , settings = '{}', peers = '1'] = process.argv
const service = tcpnet(settingsOf(JSON.parse(settings) as NodeSettings))
const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.setSamplingInterval', { interval: SAMPLED_EVERY })
await session.post('Profiler.start')
let missing = Number(peers)
await new Promise<void>((resolve) => {
  service.on('connection', () => --missing === 0 && resolve())
  service.listen()
})
const { profile } = await session.post('Profiler.stop')
console.log(JSON.stringify({ shares: sharesOf(profile) } satisfies Profiled))
service.close(() => process.exit(0))
