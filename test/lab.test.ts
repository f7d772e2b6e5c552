// The laboratory's own tests: what it says that it does to hosts, links and daemons, it does, and nothing stays behind.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  type Host,
  Lab,
  labTest,
  leftovers,
  type Program,
  sharedLab,
  skipWithoutLab,
  until,
  within
} from './lab/index.js'

const NODE = process.execPath

/** Listens on every address, prints how it ends with each connection, and echoes. */
const ECHO = `
  require('node:net').createServer((socket) => {
    console.log('connected')
    socket.on('error', (err) => console.log(err.code)).on('close', () => console.log('closed')).pipe(socket)
  }).listen(7000, () => console.log('listening'))`

/** Connects to the address in its argument, sends each line it reads, prints what comes back and how it ends. */
const TALK = `
  const socket = require('node:net').connect({ host: process.argv[1], port: 7000, timeout: 1000 })
  socket.on('connect', () => { console.log('connected'); socket.setTimeout(0); process.stdin.pipe(socket) })
  socket.on('timeout', () => { console.log('no answer'); process.exit() })
  socket.on('error', (err) => console.log(err.code)).on('close', () => { console.log('closed'); process.exit() })
  socket.pipe(process.stdout)`

async function echo(host: Host): Promise<Program> {
  const program = await host.run([NODE, '-e', ECHO])
  await program.line(/listening/, `the echo on ${host.name} does not listen`)
  return program
}

/** 'connected' or why not. */
async function reach(from: Host, address: string): Promise<string> {
  const talk = await from.run([NODE, '-e', TALK, address])
  const first = await talk.line(/./, `${from.name} learned nothing of ${address}`)
  await talk.kill()
  return first
}

async function publish(host: Host, name: string): Promise<Program> {
  const program = await host.run(['avahi-publish', '-s', name, '_lab._tcp', '7000'])
  await program.errorLine(/^Established/, `avahi on ${host.name} did not publish ${name}`)
  return program
}

async function browse(host: Host): Promise<Program> {
  return await host.run(['avahi-browse', '--parsable', '--resolve', '_lab._tcp'])
}

async function sees(browser: Program, interfaceName: string, name: string): Promise<string> {
  const found = new RegExp(`^=;${interfaceName};[^;]*;${name};`)
  return await browser.line(found, `${name} is not seen on ${interfaceName}`)
}

describe('two hosts and a third', () => {
  const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))
  const skip = skipWithoutLab

  test('reach each other by every kind of address', { skip }, async () => {
    const [alpha, beta] = shared.hosts
    const server = await echo(beta)
    for (const address of [beta.ipv4, beta.ipv6, `${beta.ipv6LinkLocal}%eth0`]) {
      assert.equal(await reach(alpha, address), 'connected', address)
    }
    assert.deepEqual(beta.addresses, [beta.ipv4, beta.ipv6, beta.ipv6LinkLocal])
    assert.match(
      await beta.exec(['ip', 'address', 'show', 'dev', 'eth0']),
      new RegExp(`^${beta.interface().index}: eth0`)
    )
    await server.kill()
  })

  test('see what the others publish, and what they publish themselves on lo too', { skip }, async () => {
    const [alpha, beta] = shared.hosts
    const [here, there] = await Promise.all([browse(alpha), browse(beta)])
    const service = await publish(alpha, 'hello')
    assert.match(await sees(there, 'eth0', 'hello'), /;alpha\.local;(10\.77\.|fd77:).*;7000;/)
    await sees(here, 'lo', 'hello')
    await service.kill()
    await there.line(/^-;eth0;.*;hello;/, 'beta does not see the end of hello')
    await Promise.all([here.kill(), there.kill()])
  })

  test('a cut is silent for both sides, and what was sent meanwhile arrives after it', { skip }, async () => {
    const [alpha, beta] = shared.hosts
    const server = await echo(beta)
    const talk = await alpha.run([NODE, '-e', TALK, beta.ipv4])
    await talk.line(/connected/, 'no connection')
    await beta.cut()
    talk.write('while it is cut')
    assert.equal(await reach(alpha, beta.ipv4), 'no answer')
    assert.deepEqual([...talk.lines, ...server.lines], ['connected', 'listening', 'connected'])
    assert.match(await beta.exec(['ip', 'link', 'show', 'dev', 'eth0']), /LOWER_UP/)
    await beta.restore()
    await talk.line(/while it is cut/, 'TCP did not send it again')
    await Promise.all([talk.kill(), server.kill()])
  })

  test('a split parts the groups, and join() ends it', { skip }, async () => {
    const [alpha, beta, gamma] = shared.hosts
    const servers = await Promise.all([echo(alpha), echo(gamma)])
    await shared.lab.split([alpha, beta], [gamma])
    assert.equal(await reach(beta, alpha.ipv4), 'connected')
    assert.equal(await reach(beta, gamma.ipv4), 'no answer')
    await shared.lab.join()
    assert.equal(await reach(beta, gamma.ipv4), 'connected')
    await Promise.all(servers.map((server) => server.kill()))
  })

  test('filters: one way, one kind of packet, one peer', { skip }, async () => {
    const [alpha, beta, gamma] = shared.hosts
    const servers = await Promise.all([echo(alpha), echo(beta)])
    const talk = await alpha.run([NODE, '-e', TALK, beta.ipv4])
    await talk.line(/connected/, 'no connection')
    await beta.drop({ direction: 'in', tcpSyn: true, peers: [alpha] })
    assert.equal(await reach(alpha, beta.ipv4), 'no answer')
    assert.equal(await reach(gamma, beta.ipv4), 'connected')
    assert.equal(await reach(beta, alpha.ipv4), 'connected')
    talk.write('still here')
    await talk.line(/still here/, 'the filter hurt an established connection')
    await beta.drop({ tcpPort: 7000, family: 'ipv4' })
    assert.equal(await reach(gamma, beta.ipv4), 'no answer')
    assert.equal(await reach(gamma, beta.ipv6), 'connected')
    await beta.clearFilters()
    assert.equal(await reach(alpha, beta.ipv4), 'connected')
    await Promise.all([talk, ...servers].map((program) => program.kill()))
  })

  test('filters: announcements that do not get out', { skip }, async () => {
    const [alpha, beta, gamma] = shared.hosts
    const [atBeta, atGamma] = await Promise.all([browse(beta), browse(gamma)])
    await beta.drop({ direction: 'out', udpPort: 5353 })
    const muted = await publish(beta, 'muted')
    const heard = await publish(alpha, 'heard')
    await sees(atBeta, 'eth0', 'heard')
    await sees(atGamma, 'eth0', 'heard')
    assert.doesNotMatch(atGamma.lines.join('\n'), /muted/)
    await beta.clearFilters()
    await Promise.all([muted, heard, atBeta, atGamma].map((program) => program.kill()))
  })

  test('filters: loss at random', { skip }, async () => {
    const [alpha, beta] = shared.hosts
    const receiver = `const socket = require('node:dgram').createSocket('udp4'); let got = 0
      socket.on('message', (text) => { if (String(text) === 'end') console.log(got); else got++ })
      socket.bind(7001, () => console.log('bound'))`
    const sender = `const socket = require('node:dgram').createSocket('udp4')
      const send = (text) => new Promise((done) => socket.send(text, 7001, process.argv[1], done))
      const all = async () => { for (let i = 0; i < 1000; i++) await send('x') }
      const end = () => { for (let i = 0; i < 50; i++) socket.send('end', 7001, process.argv[1]); setTimeout(() => socket.close(), 100) }
      all().then(end)`
    await beta.drop({ direction: 'in', lossPercent: 30, match: 'udp dport 7001' })
    const counting = await beta.run([NODE, '-e', receiver])
    await counting.line(/bound/, 'no receiver')
    await alpha.exec([NODE, '-e', sender, beta.ipv4])
    const got = Number(await counting.line(/^\d+$/, 'nothing was counted'))
    assert.ok(got > 600 && got < 800, `${got} of 1000 arrived`)
    await beta.clearFilters()
    await counting.kill()
  })
})

labTest('a daemon can be killed, frozen, stopped and started, its bus too', async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'])
  await publish(alpha, 'before')
  await sees(await browse(beta), 'eth0', 'before')

  await beta.avahi.kill()
  await assert.rejects(beta.exec(['avahi-browse', '--parsable', '--terminate', '_lab._tcp']), /Daemon not running/)
  await beta.avahi.start()
  await sees(await browse(beta), 'eth0', 'before')

  await beta.avahi.freeze()
  const waiting = await browse(beta)
  await assert.rejects(waiting.line(/./, 'nothing is heard', 200), /nothing is heard/)
  await beta.avahi.thaw()
  await sees(waiting, 'eth0', 'before')

  await alpha.avahi.stop()
  await waiting.line(/^-;eth0;.*;before;/, 'alpha did not say goodbye')

  await beta.dbus.restart()
  await within(beta.avahi.exit, 5000, 'avahi-daemon outlives its bus')
  await beta.avahi.start()
  await alpha.avahi.start()
})

labTest('hosts with link-local addresses alone', async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'], { ipv4: false, ipv6: 'link-local' })
  assert.deepEqual(beta.addresses, [beta.ipv6LinkLocal])
  await echo(beta)
  assert.equal(await reach(alpha, `${beta.ipv6LinkLocal}%eth0`), 'connected')
  await publish(beta, 'local')
  assert.ok((await sees(await browse(alpha), 'eth0', 'local')).includes(`;${beta.ipv6LinkLocal};`))
})

labTest('interfaces come, change and go', async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'], { avahi: false, lans: ['lan', 'office'] })
  await echo(beta)
  assert.deepEqual(
    beta.interfaces.map(({ name, port }) => [name, port.lan.name]),
    [
      ['eth0', 'lan'],
      ['eth1', 'office']
    ]
  )
  const third = await beta.addInterface({ lan: 'office', ipv6: false })
  for (const address of [beta.interface('eth1').ipv4, third.ipv4]) {
    assert.equal(await reach(alpha, address ?? ''), 'connected')
  }
  await beta.removeInterface('eth2')
  const old = beta.ipv4
  await beta.changeAddress()
  assert.notEqual(beta.ipv4, old)
  assert.equal(await reach(alpha, beta.ipv4), 'connected')
  assert.match(await reach(alpha, old), /no answer|EHOSTUNREACH/)

  await beta.interfaceDown()
  assert.match(await reach(alpha, beta.ipv6), /no answer|EHOSTUNREACH/)
  await beta.interfaceUp()
  assert.equal(await reach(alpha, beta.ipv6), 'connected')
  await beta.cable('out')
  assert.match(await beta.exec(['ip', 'link', 'show', 'dev', 'eth0']), /NO-CARRIER/)
  await beta.cable('in')
  assert.equal(await reach(alpha, beta.ipv6), 'connected')
})

labTest('a program tells how it ends, and why what was awaited did not come', async (lab) => {
  const alpha = await lab.host('alpha', { avahi: false })
  const code = await alpha.run(['sh', '-c', 'read word; echo "$word $COLOUR"; exit 3'], { env: { COLOUR: 'blue' } })
  code.write('sky')
  assert.equal(await code.line(/sky/, 'no word'), 'sky blue')
  assert.deepEqual(await code.exit, { code: 3, signal: null })
  const sleeping = await alpha.run(['sleep', '60'])
  await sleeping.freeze()
  await sleeping.thaw()
  assert.deepEqual(await sleeping.kill('SIGTERM'), { code: null, signal: 'SIGTERM' })
  await assert.rejects(alpha.exec(['sh', '-c', 'echo why >&2; exit 1']), /ended with 1: why/)
  const silent = await alpha.run(['sh', '-c', 'echo something; exec sleep 60'])
  await assert.rejects(silent.line(/else/, 'the sentence', 100), /the sentence: .*not within 100 ms.*something/s)
  await assert.rejects(alpha.exec(['no-such-command']), /not found/)
})

labTest('a host can go for good', async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'], { avahi: false })
  const server = await echo(beta)
  const talk = await alpha.run([NODE, '-e', TALK, beta.ipv4])
  await talk.line(/connected/, 'no connection')
  await beta.close()
  assert.equal(server.running, false)
  assert.deepEqual(talk.lines, ['connected'])
  await assert.rejects(beta.exec(['true']))
})

/** Makes a lab with a host, daemons and a frozen program, says its id, and waits to be killed. */
const DOOMED = `
  import { Lab } from '${new URL('./lab/index.js', import.meta.url).href}'
  const lab = await Lab.create()
  const alpha = await lab.host('alpha')
  const program = await alpha.run(['sleep', '60'])
  await program.freeze()
  console.log(lab.id)`

test('a lab whose test is killed vanishes with it', { skip: skipWithoutLab }, async () => {
  const test = spawn(NODE, ['--input-type=module', '-e', DOOMED], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: test.stdout })[Symbol.asyncIterator]()
  const { value: id } = await within(lines.next(), 10_000, 'the doomed test made no lab')
  assert.notDeepEqual(await leftovers(id), [])
  test.kill('SIGKILL')
  await until(async () => (await leftovers(id)).length === 0, 5000, 'processes outlive their test')
})

/** Runs the program text as a plain user, from the root of the file system. */
function asPlainUser(text: string, before: readonly string[] = []): { code: Promise<number | null>; output: string[] } {
  const user = ['--reuid', '65534', '--regid', '65534', '--clear-groups']
  const child = spawn('setpriv', [...user, ...before, NODE, '--input-type=module', '-e', text], { cwd: '/' })
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => output.push(chunk))
  }
  return { code: new Promise((resolve) => child.once('close', resolve)), output }
}

const isRoot = process.geteuid?.() === 0
const here = fileURLToPath(new URL('.', import.meta.url))

test('a plain user can have a lab', { skip: skipWithoutLab || (!isRoot && 'this whole run is one') }, async (t) => {
  const readable = asPlainUser(`import { accessSync } from 'node:fs'; accessSync('${here}lab/index.js')`)
  if ((await readable.code) !== 0) {
    await access(here)
    t.skip(`other users cannot read ${here}`)
    return
  }
  const run = asPlainUser(`
    import { Lab } from '${new URL('./lab/index.js', import.meta.url).href}'
    const lab = await Lab.create()
    const [alpha, beta] = await lab.hosts(['alpha', 'beta'])
    const publish = await alpha.run(['avahi-publish', '-s', 'plain', '_lab._tcp', '7000'])
    const browse = await beta.run(['avahi-browse', '--parsable', '--resolve', '_lab._tcp'])
    await browse.line(/^=;eth0;.*;plain;/, 'plain is not seen')
    await beta.drop({ lossPercent: 10 })
    await lab.split([alpha], [beta])
    await lab.close()
    console.log('done', process.geteuid())`)
  const code = await within(run.code, 20_000, 'the plain user goes on')
  assert.deepEqual([code, run.output.join('')], [0, 'done 65534\n'])
})

test('where no lab can be made, the error says why and what to do', { skip: skipWithoutLab }, async () => {
  const noNetworks = 'echo 0 >/proc/sys/user/max_net_namespaces; exec "$@"'
  const command = ['--user', '--map-root-user', 'sh', '-c', noNetworks, 'sh', NODE, '--input-type=module', '-e']
  const text = `
    import { Lab, LabUnavailable } from '${new URL('./lab/index.js', import.meta.url).href}'
    await Lab.create().catch((err) => console.log(err instanceof LabUnavailable, err.message))`
  const child = spawn('unshare', [...command, text], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { value } = await within(lines.next(), 10_000, 'nothing was said')
  assert.match(
    value,
    /^true no lab here: the kernel refuses namespaces \(.*unshare failed.*\); root needs CAP_SYS_ADMIN/
  )
})

test('lab.close() can be called again', { skip: skipWithoutLab }, async () => {
  const lab = await Lab.create()
  await Promise.all([lab.close(), lab.close()])
  await lab.close()
  assert.deepEqual(await leftovers(lab.id), [])
})
