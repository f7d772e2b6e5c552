// An attacker on the network announces thousands of services that do not exist, and opens thousands of silent
// connections. Open connections are not affected, an honest newcomer can join, and the memory that it costs is bounded.
import assert from 'node:assert/strict'
import { describe, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Host, type Lab, labTest, type Program, skipWithoutLab, until } from '../lab/index.js'
import { closeAll, firstMesh, fullMesh } from '../programs/full-mesh.js'
import { Node, NodeProcess } from '../programs/node-client.js'
import { LONG, WHOLE } from '../support/long.js'
import type { Plan } from './liar.js'
import type { StrangersPlan } from './strangers.js'

const COUNT = WHOLE ? 10_000 : 3000
/**
 * With 10,000 false announcements a daemon is often too busy to announce a newcomer in time, and `listen()` fails: that
 * is a limit of Avahi. So this number is for a run by hand, on an idle machine.
 */
const LIES = LONG ? 10_000 : WHOLE ? 2000 : 300
/** The driver embedded has no daemon that limits the number. */
const EMBEDDED_LIES = 10_000
/** With that driver all are reported: as many peers as the limit allows, and their records. */
const EMBEDDED_GROWTH = 128 * 2 ** 20
const MIB = 2 ** 20
const MAX_GROWTH = 64 * MIB
/** Freed memory that an allocator may keep: 23 to 38 MiB were seen, and with the driver embedded more. */
const MAX_REST = 48 * MIB
/** What may still be in use. */
const MAX_HEAP = 32 * MIB
const NEWCOMER_MS = 15_000
const FLOOD_MS = 120_000
/**
 * The flood delays the daemons, too. `listen()` fails with a daemon that does not answer, so newcomers start when the
 * daemons answer again.
 */
const DAEMON_MS = 60_000

/** A daemon is through with a flood when it has answered every request for this time. */
const AT_EASE_MS = 3000

/** Resolves when the host's daemon has answered for a while, each time within half a second. */
async function daemonAnswers(host: Host): Promise<void> {
  const target = ['--dest=org.freedesktop.Avahi', '/', 'org.freedesktop.Avahi.Server.GetVersionString']
  const ask = ['dbus-send', '--system', '--print-reply', '--reply-timeout=500', ...target]
  const answers = () =>
    host.exec(ask).then(
      () => true,
      () => false
    )
  let since = Date.now()
  const isAtEase = async () => {
    if (!(await answers())) since = Date.now()
    return Date.now() - since > AT_EASE_MS
  }
  await until(isAtEase, `the daemon of ${host.name} does not answer`, DAEMON_MS)
}

async function attacker(host: Host, program: string, plan: Plan | StrangersPlan): Promise<Program> {
  const path = fileURLToPath(new URL(`${program}.js`, import.meta.url))
  return await host.run([process.execPath, path, JSON.stringify(plan)])
}

/** Sends data over the open connections during the attack. Resolves with the largest memory of a node. */
async function withTalk(nodes: readonly [Node, Node], attack: Promise<unknown>): Promise<number> {
  const [one, other] = nodes
  let [most, turn, over] = [0, 0, false]
  const ended = attack.finally(() => {
    over = true
  })
  while (!over) {
    turn++
    await Promise.all([one.says(`to and ${turn}`, other), other.says(`fro ${turn}`, one)])
    for (const node of nodes) most = Math.max(most, (await node.stats()).rssBytes)
  }
  await ended
  return most
}

async function memoryOf(nodes: readonly Node[]): Promise<number> {
  return Math.max(...(await Promise.all(nodes.map((node) => node.stats()))).map(({ rssBytes }) => rssBytes))
}

function nothingClosed(nodes: readonly Node[]): void {
  for (const node of nodes) assert.deepEqual(node.ledger.all('closed'), [])
}

const mib = (bytes: number) => (bytes / MIB).toFixed(1)

describe('an attacker', { skip: skipWithoutLab }, () => {
  const announce = async (driver: 'avahi' | 'embedded', count: number, believed: number, lab: Lab, t: TestContext) => {
    const avahi = driver === 'avahi'
    const [alpha, beta, gamma] = await lab.hosts(['alpha', 'beta', 'gamma'], { avahi })
    const mallory = await lab.host('mallory', { avahi: false })
    const settings = { name: 'lied-to', driver, errorHandlers: false }
    const old = [await Node.start(alpha, settings), await Node.start(beta, settings)] as const
    await firstMesh(old)
    const before = await memoryOf(old)
    const { heapBytes: heapBefore } = await old[0].stats()

    const plan = { name: settings.name, count, address: mallory.ipv4, nobody: '10.77.1.250' }
    const liar = await attacker(mallory, 'liar', plan)
    const known = async () => Math.max(...(await Promise.all(old.map((node) => node.peers()))).map((all) => all.length))
    const flood = async () => {
      await liar.line(/^announced/, 'the liar does not end', FLOOD_MS)
      await until(async () => (await known()) >= believed, 'the lies are not believed', FLOOD_MS)
    }
    const most = await withTalk(old, flood())
    t.diagnostic(`${await known()} peers are known; ${mib(most - before)} MiB more than ${mib(before)} MiB`)

    liar.write('enough')
    if (avahi) await daemonAnswers(gamma)
    const start = Date.now()
    const newcomer = await Node.start(gamma, settings)
    const nodes = [...old, newcomer]
    await fullMesh(nodes, NEWCOMER_MS)
    t.diagnostic(`a newcomer is in the mesh ${Date.now() - start} ms after its start`)
    nothingClosed(old)

    liar.write('goodbye')
    await withTalk(old, liar.line(/^said goodbye/, 'the liar does not leave', FLOOD_MS))
    await until(async () => (await known()) === 2, 'the lies are still believed', FLOOD_MS)
    const rest = (await memoryOf(old)) - before
    const { heapBytes } = await old[0].stats()
    t.diagnostic(`${mib(rest)} MiB more than before are left, ${mib(heapBytes - heapBefore)} MiB of them in use`)
    nothingClosed(old)
    assert.ok(most - before < (avahi ? MAX_GROWTH : EMBEDDED_GROWTH), `${mib(most - before)} MiB`)
    assert.ok(heapBytes - heapBefore < MAX_HEAP, `${mib(heapBytes - heapBefore)} MiB are in use`)
    if (avahi) assert.ok(rest < MAX_REST, `${mib(rest)} MiB are left`)
    await closeAll(nodes)
  }

  labTest('announces 300 services that do not exist, and the nodes see most of them', (lab, t) =>
    announce('avahi', 300, 200, lab, t)
  )

  if (WHOLE) {
    labTest(`announces ${EMBEDDED_LIES} services that do not exist to the driver embedded`, (lab, t) =>
      announce('embedded', EMBEDDED_LIES, 1000, lab, t)
    )
  }

  // With so many, the daemons are too busy to report all of them.
  if (LIES > 300)
    labTest(`announces ${LIES} services that do not exist`, (lab, t) => announce('avahi', LIES, 0, lab, t))

  labTest(`opens ${COUNT} silent connections`, async (lab, t: TestContext) => {
    const [alpha, beta, gamma] = await lab.hosts(['alpha', 'beta', 'gamma'])
    const mallory = await lab.host('mallory', { avahi: false })
    const settings = { name: 'stared-at', driver: 'avahi', errorHandlers: false }
    const old = [await Node.start(alpha, settings), await Node.start(beta, settings)] as const
    await firstMesh(old)
    const before = await memoryOf(old)

    // Enough addresses to take all places for hellos.
    const from = Array.from({ length: 40 }, (_, n) => `10.77.1.${200 + n}`)
    for (const address of from) await mallory.exec(['ip', 'address', 'add', `${address}/24`, 'dev', 'eth0'])
    const { port } = old[0].listening
    const strangers = await attacker(mallory, 'strangers', { host: alpha.ipv4, port, count: COUNT, from })
    const newcomers: Node[] = []
    const attack = async () => {
      // Of refusals for want of a place, 256 are reported at once, and then 20 a second.
      await old[0].until((ledger) => ledger.all('rejected').length > 200, 'no connection is refused', FLOOD_MS)
      const start = Date.now()
      newcomers.push(await Node.start(gamma, settings))
      await fullMesh([...old, ...newcomers], NEWCOMER_MS)
      t.diagnostic(`a newcomer is in the mesh ${Date.now() - start} ms after its start`)
      t.diagnostic(await strangers.line(/connected/, 'the strangers do not end', FLOOD_MS))
    }
    const most = await withTalk(old, attack())
    strangers.endInput()
    await strangers.exit
    const rest = (await memoryOf(old)) - before
    t.diagnostic(`${mib(most - before)} MiB more than ${mib(before)} MiB, ${mib(rest)} MiB afterwards`)
    nothingClosed(old)
    assert.ok(most - before < MAX_GROWTH, `${mib(most - before)} MiB`)
    assert.ok(rest < MAX_REST, `${mib(rest)} MiB are left`)
    await closeAll([...old, ...newcomers])
  })

  labTest(`opens ${COUNT} silent connections, on the loopback interface`, async (lab, t: TestContext) => {
    const host = await lab.host('alpha', { avahi: false })
    const process = await NodeProcess.start(host, { name: 'at-home', driver: 'memory', services: 3 })
    const [one, other, newcomer] = process.nodes
    assert.ok(one !== undefined && other !== undefined && newcomer !== undefined)
    await Promise.all([one.listen(), other.listen()])
    await firstMesh([one, other])
    const before = await memoryOf([one])
    const from = Array.from({ length: 40 }, (_, n) => `127.0.1.${n + 1}`)
    const { port } = one.listening
    const strangers = await attacker(host, 'strangers', { host: '127.0.0.1', port, count: COUNT, from })
    const attack = async () => {
      await one.until((ledger) => ledger.all('rejected').length > 200, 'no connection is refused', FLOOD_MS)
      await newcomer.listen()
      await fullMesh([one, other, newcomer], NEWCOMER_MS)
      t.diagnostic(await strangers.line(/connected/, 'the strangers do not end', FLOOD_MS))
    }
    const most = await withTalk([one, other], attack())
    strangers.endInput()
    await strangers.exit
    const rest = (await memoryOf([one])) - before
    t.diagnostic(`${mib(most - before)} MiB more than ${mib(before)} MiB, ${mib(rest)} MiB afterwards`)
    nothingClosed([one, other])
    assert.ok(most - before < MAX_GROWTH, `${mib(most - before)} MiB`)
    assert.ok(rest < MAX_REST, `${mib(rest)} MiB are left`)
    await closeAll([one, other, newcomer])
  })
})
