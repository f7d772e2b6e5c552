// Links, filters, addresses and interfaces of the laboratory have the effect that their methods promise.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { labTest, sharedLab, skipWithoutLab } from './index.js'
import { browse, cannotReach, echo, NODE, publish, reach, sees, talkTo } from './talk.js'

describe('two hosts and a third', () => {
  const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))
  const skip = skipWithoutLab

  test('reach each other by every kind of address', { skip }, async () => {
    const [alpha, beta] = shared.hosts
    const server = await echo(beta)
    for (const address of [beta.ipv4, beta.ipv6, `${beta.ipv6LinkLocal}%eth0`]) {
      await reach(alpha, address)
    }
    assert.deepEqual(beta.addresses, [beta.ipv4, beta.ipv6, beta.ipv6LinkLocal])
    assert.match(
      await beta.exec(['ip', 'address', 'show', 'dev', 'eth0']),
      new RegExp(`^${beta.interface().index}: eth0`)
    )
    await server.kill()
  })

  test('see services that other hosts publish, and their own on lo as well', { skip }, async () => {
    const [alpha, beta] = shared.hosts
    const [here, there] = await Promise.all([browse(alpha), browse(beta)])
    const service = await publish(alpha, 'hello')
    assert.match(await sees(there, 'eth0', 'hello'), /;alpha\.local;(10\.77\.|fd77:).*;7000;/)
    await sees(here, 'lo', 'hello')
    await service.kill()
    await there.line(/^-;eth0;.*;hello;/, 'beta does not see the end of hello')
    await Promise.all([here.kill(), there.kill()])
  })

  test('a cut gives neither side an error, and data that was sent meanwhile arrives after it', { skip }, async () => {
    const [alpha, beta] = shared.hosts
    const server = await echo(beta)
    const talk = await talkTo(alpha, beta.ipv4)
    await beta.cut()
    talk.write('while it is cut')
    await cannotReach(alpha, beta.ipv4)
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
    await reach(beta, alpha.ipv4)
    await cannotReach(beta, gamma.ipv4)
    await shared.lab.join()
    await reach(beta, gamma.ipv4)
    await Promise.all(servers.map((server) => server.kill()))
  })

  test('a filter drops packets of one direction, of one kind or of one peer', { skip }, async () => {
    const [alpha, beta, gamma] = shared.hosts
    const servers = await Promise.all([echo(alpha), echo(beta)])
    const talk = await talkTo(alpha, beta.ipv4)
    await beta.drop({ direction: 'in', tcpSyn: true, peers: [alpha] })
    await cannotReach(alpha, beta.ipv4)
    await reach(gamma, beta.ipv4)
    await reach(beta, alpha.ipv4)
    talk.write('still here')
    await talk.line(/still here/, 'the filter affected an established connection')
    await beta.drop({ tcpPort: 7000, family: 'ipv4' })
    await cannotReach(gamma, beta.ipv4)
    await reach(gamma, beta.ipv6)
    await beta.clearFilters()
    await reach(alpha, beta.ipv4)
    await Promise.all([talk, ...servers].map((program) => program.kill()))
  })

  test('a filter drops outgoing announcements', { skip }, async () => {
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

  test('a filter drops packets at random', { skip }, async () => {
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

labTest('hosts can have only link-local addresses', async (lab) => {
  const [alpha, beta] = await lab.hosts(['alpha', 'beta'], { ipv4: false, ipv6: 'link-local' })
  assert.deepEqual(beta.addresses, [beta.ipv6LinkLocal])
  await echo(beta)
  await reach(alpha, `${beta.ipv6LinkLocal}%eth0`)
  await publish(beta, 'local')
  assert.ok((await sees(await browse(alpha), 'eth0', 'local')).includes(`;${beta.ipv6LinkLocal};`))
})

labTest('interfaces can be added, changed and removed', async (lab) => {
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
    await reach(alpha, address ?? '')
  }
  await beta.removeInterface('eth2')
  const old = beta.ipv4
  await beta.changeAddress()
  assert.notEqual(beta.ipv4, old)
  await reach(alpha, beta.ipv4)
  await cannotReach(alpha, old)

  await beta.interfaceDown()
  await cannotReach(alpha, beta.ipv6)
  await beta.interfaceUp()
  await reach(alpha, beta.ipv6)
  await beta.cable('out')
  assert.match(await beta.exec(['ip', 'link', 'show', 'dev', 'eth0']), /NO-CARRIER/)
  await beta.cable('in')
  await reach(alpha, beta.ipv6)
})
