import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Backend, Location } from '#tcpnet/discovery/session.js'
import { labTest, sharedLab, skipWithoutLab } from '../lab/index.js'
import { announcing, CLEAN, Native } from './host.js'

// The events of the addon over a real daemon.

const FLOOD = fileURLToPath(new URL('flood-program.js', import.meta.url))

const backends: readonly Backend[] = ['avahi', 'bonjour']

/** Whether these addresses are all among the paths. */
function has(paths: Location['paths'], ...addresses: string[]): boolean {
  return addresses.every((one) => paths.some(({ address }) => address === one))
}

for (const backend of backends) {
  // Two hosts with both families, one with only IPv4 and one with only IPv6, on the same network.
  const shared = sharedLab(async (lab) => {
    const [a, b] = await lab.hosts(['alpha', 'bravo'])
    const c = await lab.host('charlie', { ipv6: false })
    const d = await lab.host('delta', { ipv4: false })
    return { a, b, c, d }
  })
  const onHosts = (what: string, body: () => Promise<void>) =>
    test(`${backend}: ${what}`, { skip: skipWithoutLab }, body)

  onHosts('an instance is seen and located on the other host, and gone when it is withdrawn', async () => {
    const { a, b } = shared.hosts
    const [left, right] = [await Native.on(a), await Native.on(b)]
    const more = Array.from({ length: 20 }, (_, n) => `more${n}=${n}`)
    const txt = ['SEC=secret-but-cut-off', 'v=1', ...more, 'version=1']
    await left.announce(announcing('A1', backend, { txt }))
    await right.announce(announcing('B1', backend))
    const whole = await right.finds('B1', 'A1', ({ paths }) => has(paths, a.ipv4, a.ipv6))
    const index = b.interface().index
    assert.ok(whole.paths.every(({ interfaceIndex }) => interfaceIndex === index))
    assert.equal(whole.port, announcing('A1', backend).port)
    assert.deepEqual([...whole.txt].sort(), ['SEC=secret-but-c', 'v=1'])
    const known = backend === 'avahi'
    assert.ok(whole.paths.every(({ origin }) => origin === (known ? 'another machine' : 'unknown')))
    assert.equal(whole.host, 'alpha.local')
    await left.finds('A1', 'B1')
    const own = await left.finds('A1', 'A1', ({ paths }) => has(paths, a.ipv4))
    assert.ok(own.paths.every(({ origin }) => origin === (known ? 'this machine' : 'unknown')))
    await left.close('A1')
    await right.loses('B1', 'A1')
    assert.equal(await right.locate('B1', 'A1'), null)
    await right.close('B1')
    assert.deepEqual([await left.end(), await right.end()], [CLEAN, CLEAN])
  })

  onHosts('a daemon that accepts the announcement causes the event answered before announced', async () => {
    const native = await Native.on(shared.hosts.a)
    await native.announce(announcing('A8', backend, { probe: true }))
    const types = native.program.lines.map((line) => (JSON.parse(line) as { type: string }).type)
    // Instances may be seen before both.
    assert.deepEqual(types.slice(0, 2), ['answered', 'announced'])
    assert.deepEqual(await native.end(), CLEAN)
  })

  onHosts('a session that is opened while a question of the previous one goes on reaches the daemon', async () => {
    const native = await Native.on(shared.hosts.a)
    await native.announce(announcing('A8', backend))
    await native.sees('A8', 'A8')
    native.send({ do: 'locate', id: 'left behind', session: 'A8', uuid: 'A8' })
    native.send({ do: 'close', id: 'A8' })
    await native.announce(announcing('A9', backend))
    await native.finds('A9', 'A9')
    assert.deepEqual(await native.end(), CLEAN)
  })

  onHosts('a changed port and TXT record are located', async () => {
    const { a, b } = shared.hosts
    const [left, right] = [await Native.on(a), await Native.on(b)]
    await right.announce(announcing('B2', backend))
    await left.announce(announcing('A2', backend))
    await right.finds('B2', 'A2')
    await left.close('A2')
    const changed = announcing('A2', backend, { port: 999, txt: ['v=2'] })
    left.send({ do: 'open', id: 'again', options: changed })
    await right.finds('B2', 'A2', ({ port, txt }) => port === 999 && txt.join() === 'v=2')
    assert.deepEqual([await left.end(), await right.end()], [CLEAN, CLEAN])
  })

  onHosts('hosts with only one family are found', async () => {
    const { b, c, d } = shared.hosts
    const [both, ipv4, ipv6] = [await Native.on(b), await Native.on(c), await Native.on(d)]
    await Promise.all([
      both.announce(announcing('B3', backend)),
      ipv4.announce(announcing('C3', backend)),
      ipv6.announce(announcing('D3', backend))
    ])
    await both.finds('B3', 'C3', ({ paths }) => has(paths, c.ipv4))
    await both.finds('B3', 'D3', ({ paths }) => has(paths, d.ipv6))
    await ipv4.finds('C3', 'B3', ({ paths }) => has(paths, b.ipv4))
    await ipv6.finds('D3', 'B3', ({ paths }) => has(paths, b.ipv6))
    assert.deepEqual([await both.end(), await ipv4.end(), await ipv6.end()], [CLEAN, CLEAN, CLEAN])
  })

  onHosts('an instance that is announced on loopback is found there, and nowhere else', async () => {
    const { a, b } = shared.hosts
    const [left, right] = [await Native.on(a), await Native.on(b)]
    await right.announce(announcing('B4', backend))
    await left.announce(announcing('A4', backend, { interfaceIndex: 1 }))
    await left.announce(announcing('A5', backend, { interfaceIndex: 1 }))
    const found = await left.finds('A4', 'A5', ({ paths }) => has(paths, '::1'))
    assert.ok(found.paths.every(({ interfaceIndex }) => interfaceIndex === 1))
    await left.finds('A5', 'A4', ({ paths }) => has(paths, '127.0.0.1'))
    await left.announce(announcing('A6', backend))
    await right.finds('B4', 'A6')
    const told = right.program.lines.filter((line) => /"uuid":"A[45]"/.test(line))
    assert.deepEqual(told, [])
    assert.deepEqual([await left.end(), await right.end()], [CLEAN, CLEAN])
  })

  onHosts(
    'a name that another host or this one has is a conflict, which does not affect the other session',
    async () => {
      const { a, b } = shared.hosts
      const [left, right] = [await Native.on(a), await Native.on(b)]
      await left.announce(announcing('A7', backend, { probe: true }))
      for (const [native, id] of [
        [right, 'remote'],
        [left, 'local']
      ] as const) {
        native.send({ do: 'open', id, options: announcing('A7', backend, { probe: true, port: 1 }) })
        const { failure } = await native.event(id, 'failed')
        assert.equal(failure, 'conflict')
        await native.close(id)
      }
      await right.announce(announcing('B7', backend))
      await right.finds('B7', 'A7', ({ port }) => port === announcing('A7', backend).port)
      assert.equal(left.program.lines.filter((line) => /"id":"A7","type":"failed"/.test(line)).length, 0)
      assert.deepEqual([await left.end(), await right.end()], [CLEAN, CLEAN])
    }
  )

  onHosts('sessions of one process share a browse; names that are not a uuid are left out', async () => {
    const { a, b } = shared.hosts
    const [left, right] = [await Native.on(a), await Native.on(b)]
    await left.announce(announcing('A8', backend))
    await left.announce(announcing('A8 (2)', backend))
    await right.announce(announcing('B8', backend))
    await right.finds('B8', 'A8')
    await right.announce(announcing('B9', backend))
    await right.finds('B9', 'A8')
    await right.finds('B9', 'B8')
    await right.close('B8')
    await left.announce(announcing('A9', backend))
    await right.finds('B9', 'A9')
    assert.equal(right.program.lines.filter((line) => line.includes('A8 (2)')).length, 0)
    assert.deepEqual([await left.end(), await right.end()], [CLEAN, CLEAN])
  })

  labTest(
    `${backend}: a killed daemon fails every session, and a session that is opened when the daemon is back works`,
    async (lab) => {
      const host = await lab.host('alpha')
      const native = await Native.on(host)
      await native.announce(announcing('A1', backend))
      await native.announce(announcing('A2', backend))
      await native.finds('A1', 'A2')
      await host.avahi.kill()
      for (const id of ['A1', 'A2']) {
        const { failure, message } = await native.event(id, 'failed')
        assert.equal(failure, 'daemon')
        assert.match(message, /avahi-daemon/)
      }
      native.send({ do: 'open', id: 'without', options: announcing('A3', backend) })
      const without = await native.event('without', 'failed')
      assert.equal(without.failure, 'daemon')
      assert.match(without.message, /start it with `systemctl start avahi-daemon`, or install/)
      await native.close('A1')
      await host.avahi.start()
      await native.announce(announcing('A4', backend))
      await native.finds('A4', 'A4')
      // Left open on purpose: the session of the old connection is closed after those of the new one.
      await native.close('A4')
      await native.close('A2')
      await host.dbus.kill()
      native.send({ do: 'open', id: 'without bus', options: announcing('A5', backend) })
      assert.equal((await native.event('without bus', 'failed')).failure, 'daemon')
      assert.deepEqual(await native.end(), CLEAN)
    }
  )

  labTest(`${backend}: a killed bus fails a running session`, async (lab) => {
    const host = await lab.host('alpha')
    const native = await Native.on(host)
    await native.announce(announcing('A1', backend))
    await native.finds('A1', 'A1')
    await host.dbus.kill()
    assert.equal((await native.event('A1', 'failed')).failure, 'daemon')
    await native.close('A1')
    assert.deepEqual(await native.end(), CLEAN)
  })

  labTest(`${backend}: the error for a missing library names it and its package`, async (lab) => {
    const host = await lab.host('alpha', { avahi: false })
    await host.exec([
      'sh',
      '-c',
      'for one in /usr/lib/*/libavahi-client.so.3 /usr/lib/*/libdns_sd.so.1; do mount --bind /dev/null "$one"; done'
    ])
    const native = await Native.on(host)
    native.send({ do: 'open', id: 'A1', options: announcing('A1', backend) })
    const { failure, message } = await native.event('A1', 'failed')
    assert.equal(failure, 'library')
    assert.match(message, backend === 'avahi' ? /install libavahi-client3 / : /install libavahi-compat-libdnssd1 /)
    assert.deepEqual(await native.end(), CLEAN)
  })
}

labTest('a query for a host on one interface gives the addresses that the daemon has', async (lab) => {
  const [a, b] = await lab.hosts(['alpha', 'bravo'])
  const native = await Native.on(a)
  const interfaceIndex = a.interface().index
  native.send({ do: 'query', id: 'known', host: 'bravo.local', interfaceIndex, timeoutMs: 3000 })
  native.send({ do: 'query', id: 'unknown', host: 'nobody.local', interfaceIndex, timeoutMs: 300 })
  const { error, addresses } = await native.event('known', 'addresses')
  assert.equal(error, null)
  const texts = addresses.map(({ address }) => address)
  for (const one of [b.ipv4, b.ipv6]) assert.ok(texts.includes(one), `${one} is not in ${texts}`)
  const none = await native.event('unknown', 'addresses')
  assert.match(none.error ?? '', /no address/)
  assert.deepEqual(none.addresses, [])
  assert.deepEqual(await native.end(), CLEAN)
})

labTest('avahi: a host whose name is not ASCII is found', async (lab) => {
  const a = await lab.host('alpha', { avahi: { server: { 'host-name': 'Mäx' } } })
  const b = await lab.host('bravo')
  const [left, right] = [await Native.on(a), await Native.on(b)]
  await right.announce(announcing('B1', 'avahi'))
  await left.announce(announcing('A1', 'avahi'))
  await right.finds('B1', 'A1', ({ paths }) => has(paths, a.ipv4))
  assert.deepEqual([await left.end(), await right.end()], [CLEAN, CLEAN])
})

labTest('avahi: among 900 false instances a real one is seen and located', async (lab) => {
  const settings = { server: { 'objects-per-client-max': 300, 'ratelimit-burst': 1000 } }
  const [a, b] = await lab.hosts(['alpha', 'bravo'], { avahi: settings, ipv6: false })
  const stranger = await lab.host('charlie', { avahi: false, ipv6: false })
  const [left, right] = [await Native.on(a), await Native.on(b)]
  await right.announce(announcing('B1', 'avahi'))
  const flood = await stranger.run([process.execPath, FLOOD, stranger.ipv4, '900'])
  await flood.line(/sent/, 'the flood was not sent', 30_000)
  await left.announce(announcing('A1', 'avahi'))
  await right.finds('B1', 'A1')
  await left.close('A1')
  await right.loses('B1', 'A1')
  assert.deepEqual([await left.end(), await right.end()], [CLEAN, CLEAN])
})

for (const backend of backends) {
  labTest(
    `${backend}: more simultaneous questions than the library or the daemon allows are answered in turn`,
    async (lab) => {
      // There is room for the questions of eight instances in Avahi's library, and for those of some thirty in the daemon
      // here.
      const settings = { server: { 'objects-per-client-max': 100 } }
      const [a, b] = await lab.hosts(['alpha', 'bravo'], { avahi: settings, ipv6: false })
      const [left, right] = [await Native.on(a), await Native.on(b)]
      await left.announce(announcing('A1', backend))
      const names = Array.from({ length: 30 }, (_, n) => (0xb00 + n).toString(16).toUpperCase())
      for (const name of names) await right.announce(announcing(name, 'avahi'))
      for (const name of names) await left.sees('A1', name)
      const located = await Promise.all(names.map((name) => left.finds('A1', name)))
      assert.deepEqual(
        located.map(({ port }) => port),
        names.map((name) => announcing(name, backend).port)
      )
      // Later questions are asked again, so that they get the new address.
      await b.changeAddress()
      await left.finds('A1', 'B00', ({ paths }) => has(paths, b.ipv4))
      assert.deepEqual([await left.end(), await right.end()], [CLEAN, CLEAN])
    }
  )
}

labTest('avahi: changes while the event loop is blocked are reported together', async (lab) => {
  const [a, b] = await lab.hosts(['alpha', 'bravo'], { ipv6: false })
  const [left, beside, right] = [await Native.on(a), await Native.on(a), await Native.on(b)]
  const folder = await mkdtemp(join(tmpdir(), 'tcpnet-native-'))
  const pipe = join(folder, 'pipe')
  await a.exec(['mkfifo', pipe])
  await right.announce(announcing('B1', 'avahi'))
  await left.announce(announcing('A1', 'avahi'))
  await beside.announce(announcing('A2', 'avahi'))
  await Promise.all([left.sees('A1', 'B1'), beside.sees('A2', 'B1')])
  left.send({ do: 'hold', id: 'loop', pipe })
  await left.event('loop', 'held')
  for (let round = 0; round < 3; round++) {
    const from = beside.told
    await right.close('B1')
    await beside.loses('A2', 'B1', from)
    await right.announce(announcing('B1', 'avahi', { port: 999 }))
    await beside.sees('A2', 'B1', from)
    await right.announce(announcing('B2', 'avahi'))
    await beside.sees('A2', 'B2', from)
    await right.close('B2')
    await beside.loses('A2', 'B2', from)
  }
  await right.announce(announcing('B3', 'avahi'))
  await beside.sees('A2', 'B3')
  const from = left.told
  await a.exec(['sh', '-c', `echo > ${pipe}`])
  await left.sees('A1', 'B3', from)
  const told = left.program.lines.slice(from).filter((line) => line.includes('"uuid":"B'))
  assert.deepEqual(
    told.map((line) => (JSON.parse(line) as { uuid: string }).uuid),
    ['B3']
  )
  assert.deepEqual([await left.end(), await beside.end(), await right.end()], [CLEAN, CLEAN, CLEAN])
  await rm(folder, { recursive: true })
})
