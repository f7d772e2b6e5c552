// Strangers on a network: hosts with avahi-daemons, on which strangers announce themselves like members.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedLab, skipWithoutLab as skip } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { Authority } from './certificates.js'

const NAME = 'members-only'
const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma', 'mallory']))
const authority = new Authority('the cluster')
const otherAuthority = new Authority('another cluster')

/** Sends a text to an address and port, and prints how many bytes come back until the end. */
const RAW = `
  const [address, port, text] = process.argv.slice(1)
  let bytes = 0
  const socket = require('node:net').connect(Number(port), address, () => socket.write(text))
  socket.on('data', (data) => (bytes += data.length)).on('error', () => {}).on('close', () => console.log('got', bytes))`

/** Answers `ok`, in clear, to every hello that it receives, and prints the hello. */
const LIAR = `
  require('node:net').createServer((socket) => {
    socket.on('error', () => {}).on('data', (data) => console.log('heard', data.toString('latin1').replaceAll('\\n', ' ')))
    socket.write('{"tcpnet":1,"status":"ok","seq":1,"boot":"0123456789abcdef"}\\n')
  }).listen(7000, () => console.log('listening'))`

for (const [mode, ours, theirs] of [
  ['secret', () => ({ secret: 'for members only' }), () => ({ secret: 'for numbers only' })],
  [
    'tls',
    () => ({ tls: authority.issue('member') }),
    () => ({ tls: { ...otherAuthority.issue('stranger'), ca: authority.certificate } })
  ]
] as const) {
  test(`three members with ${mode} mesh, and every other host is rejected`, { skip }, async () => {
    const [alpha, beta, gamma, mallory] = shared.hosts
    const settings = { name: NAME, driver: 'avahi' }
    const members = await Promise.all([alpha, beta, gamma].map((host) => Node.start(host, { ...settings, ...ours() })))
    await firstMesh(members)
    const [first] = members
    assert.ok(first !== undefined)

    // A stranger with the wrong secret or a certificate of another authority, and one without security.
    const wrong = await Node.start(mallory, { ...settings, ...theirs() })
    const none = await Node.start(mallory, settings)
    for (const member of members) {
      const { code } = await member.event('rejected', 'the stranger is not rejected')
      assert.equal(code, 'ERR_TCPNET_TLS')
      for (const [stranger, expected] of [
        [wrong, 'ERR_TCPNET_TLS'],
        [none, 'ERR_TCPNET_SECURITY']
      ] as const) {
        const isSo = (from: Node) => (ledger: typeof from.ledger) =>
          ledger.all('error').find((event) => event.peer === from.uuid && event.code === expected)
        await stranger.until(isSo(member), `the stranger does not report ${expected}`)
        if (stranger === none) await member.until(isSo(stranger), `the member does not report ${expected}`)
      }
    }

    // A raw client with a valid hello.
    const before = first.ledger.all('rejected').length
    const hello = { tcpnet: 1, name: NAME, from: 'BAD', boot: '0123456789abcdef', to: first.uuid, seq: 0 }
    const told = await mallory.exec([
      process.execPath,
      '-e',
      RAW,
      alpha.ipv4,
      String(first.listening.port),
      `${JSON.stringify(hello)}\n`
    ])
    const isAlert = /^got [0-7]\s*$/
    assert.match(told, isAlert)
    await first.event('rejected', 'the raw client is not rejected', { after: before })

    // A liar: announces the security of the others, and answers `ok` to everything in clear.
    const liar = await mallory.run([process.execPath, '-e', LIAR])
    await liar.line(/listening/, 'the liar does not listen')
    // A uuid for each mode: the daemons remember for a second what the liar of another test announced.
    const liarUuid = mode === 'secret' ? 'BAD1' : 'BAD2'
    const announce = ['avahi-publish', '-s', liarUuid, `_${NAME}._tcp`, '7000', 'v=1', `sec=${mode}`]
    const announcement = await mallory.run(announce)
    for (const member of members) {
      const dialed = (ledger: typeof member.ledger) => ledger.all('error').find((event) => event.peer === liarUuid)
      assert.equal((await member.until(dialed, 'the liar is not dialed'))?.code, 'ERR_TCPNET_TLS')
    }
    assert.doesNotMatch(liar.lines.join('\n'), /tcpnet|members/)
    await announcement.kill()
    await liar.kill()

    await everybodyTalks(members, 'still here')
    for (const member of members) {
      assert.equal(member.ledger.all('connection').length, 2)
      assert.equal(member.ledger.all('closed').length, 0)
    }
    for (const stranger of [wrong, none]) assert.equal(stranger.ledger.all('connection').length, 0)
    await closeAll([...members, wrong, none])
  })
}
