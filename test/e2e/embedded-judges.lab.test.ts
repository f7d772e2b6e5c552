// The driver embedded with other implementations of multicast DNS: python3-zeroconf and avahi. Each sees and resolves the other's
// instances, and receives changes of their TXT records and their goodbyes.
import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Host, type Program, sharedLab, skipWithoutLab, until } from '../lab/index.js'
import { closeAll, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'

const CHANGING = fileURLToPath(new URL('../programs/changing.js', import.meta.url))
const ZEROCONF = fileURLToPath(new URL('../../../test/programs/zeroconf-judge.py', import.meta.url))
/** Debian's Python, which finds Debian's packages; another one may come first in PATH. */
const PYTHON = '/usr/bin/python3'
const PACKAGE = '/usr/lib/python3/dist-packages/zeroconf'
const [OURS, THEIRS] = ['AAAAAAAAAAAAAAAA', 'BBBBBBBBBBBBBBBB']

/** `scripts/setup` installs it. */
const missing = await access(PACKAGE).then(
  () => false as const,
  () => `${PACKAGE} is missing: apt-get install python3-zeroconf`
)
const skipWithoutZeroconf = skipWithoutLab || (process.env.CI === 'true' ? false : missing)

const shared = sharedLab(async (lab) => {
  const [bare, snake] = await lab.hosts(['bare', 'snake'], { avahi: false })
  return { bare, snake, daemon: await lab.host('daemon') }
})

async function announce(host: Host, cluster: string): Promise<Program> {
  const program = await host.run([process.execPath, CHANGING, cluster, OURS])
  await program.line(/^announced$/, 'the service is not announced')
  return program
}

/** Waits until the program knows the expected TXT record of an instance. */
async function knows(program: Program, text: string): Promise<void> {
  const told = () => program.lines.some((line) => line.startsWith(`text ${THEIRS} `) && line.includes(text))
  const isTold = () => {
    program.write(`text ${THEIRS}`)
    return told()
  }
  await until(isTold, `the TXT record ${text} is not seen`, 20_000)
}

test('python3-zeroconf', { skip: skipWithoutZeroconf }, async () => {
  const { bare, snake } = shared.hosts
  const judge = await snake.run([PYTHON, ZEROCONF, '_zeroconf._tcp.local.', snake.ipv4])
  await judge.line(/^ready$/, 'the judge does not start')
  const ours = await announce(bare, 'zeroconf')
  const where = `${OURS}.local. ${bare.ipv4} 4000`
  await judge.line((line) => line === `added ${OURS} ${where} none`, 'the instance is not resolved')
  ours.write('change tls')
  await judge.line((line) => line === `updated ${OURS} ${where} tls`, 'the change of TXT is not seen')

  judge.write(`register ${THEIRS} none`)
  await ours.line((line) => line === `seen ${THEIRS}`, 'the instance of python3-zeroconf is not seen')
  await knows(ours, 'sec=none')
  judge.write(`update ${THEIRS} tls`)
  await knows(ours, 'sec=tls')
  judge.write(`unregister ${THEIRS}`)
  await ours.line((line) => line === `gone ${THEIRS}`, 'the goodbye of python3-zeroconf is not seen')

  ours.write('close')
  await judge.line((line) => line === `removed ${OURS}`, 'the goodbye is not seen')
  judge.endInput()
  assert.deepEqual([await judge.exit, judge.stderr], [{ code: 0, signal: null }, ''])
  assert.ok(!ours.lines.includes('conflict'))
})

/** One instance as avahi-browse finds and resolves it now, over IPv4. */
async function resolved(host: Host, cluster: string, uuid: string): Promise<string[]> {
  const all = await host.exec(['avahi-browse', '--parsable', '--resolve', '--terminate', `_${cluster}._tcp`])
  const [found] = all.split('\n').filter((line) => line.startsWith(`=;eth0;IPv4;${uuid};`))
  return found?.split(';').slice(6) ?? []
}

test('avahi-browse, avahi-resolve and avahi-publish', { skip: skipWithoutLab }, async () => {
  const { bare, daemon } = shared.hosts
  const browser = await daemon.run(['avahi-browse', '--parsable', '_avahi-judges._tcp'])
  const ours = await announce(bare, 'avahi-judges')
  await browser.line(/^\+;eth0;IPv4;A+;/, 'avahi-browse does not see the instance')
  const isResolved = async (text: string) => {
    const [host, address, port, txt = ''] = await resolved(daemon, 'avahi-judges', OURS)
    return host === `${OURS}.local` && address === bare.ipv4 && port === '4000' && txt.includes(`"sec=${text}"`)
  }
  await until(() => isResolved('none'), 'avahi-browse does not resolve the instance', 10_000)
  const name = await daemon.exec(['avahi-resolve', '--name', '-4', `${OURS}.local`])
  assert.equal(name.trim(), `${OURS}.local\t${bare.ipv4}`)
  ours.write('change tls')
  await until(() => isResolved('tls'), 'avahi-browse does not see the TXT record change', 10_000)

  const theirs = await daemon.run(['avahi-publish', '-s', THEIRS, '_avahi-judges._tcp', '4001', 'v=1', 'sec=none'])
  await ours.line((line) => line === `seen ${THEIRS}`, 'the instance of avahi-publish is not seen')
  await knows(ours, 'sec=none')
  await theirs.kill('SIGTERM')
  await ours.line((line) => line === `gone ${THEIRS}`, 'the goodbye of avahi-publish is not seen')

  ours.write('close')
  await browser.line(/^-;eth0;IPv4;A+;/, 'avahi-browse does not see the goodbye')
  await browser.kill()
  assert.ok(!ours.lines.includes('conflict'))
})

/** Whether a line of avahi-daemon's log is a complaint, except for one about the machine itself. */
function isComplaint(line: string): boolean {
  return /warn|conflict|collision|invalid/i.test(line) && !line.includes('NSS support')
}

test('a daemon that starts on the same host logs one warning for each family, and no other', {
  skip: skipWithoutLab
}, async (t) => {
  const { bare, daemon } = shared.hosts
  const settings = { name: 'beside', driver: 'embedded' }
  const nodes = [await Node.start(bare, settings), await Node.start(daemon, settings)]
  await firstMesh(nodes)
  await daemon.avahi.restart()
  const later = await Node.start(daemon, { ...settings, driver: 'avahi' })
  nodes.push(later)
  await firstMesh(nodes)
  await closeAll(nodes)
  const complaints = daemon.avahi.log.split('\n').filter((line) => isComplaint(line))
  for (const line of complaints) t.diagnostic(line)
  assert.equal(new Set(complaints).size, complaints.length, 'the daemon says it more than once')
  // The warning about another stack is true.
  assert.ok(complaints.every((line) => /another IPv[46] mDNS stack/.test(line)))
})
