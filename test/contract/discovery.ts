import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, afterEach, describe, it } from 'node:test'
import type { Announcement, Driver, Instance } from '#tcpnet/discovery/discovery.js'
import { randomUuid } from '#tcpnet/uuid.js'
import { Watcher } from './watcher.js'

/** The parts that the tests of the contract need. */
export interface Bench {
  readonly driver: Driver
  /** Milliseconds in which each expected event has to happen. */
  readonly deadlineMs: number
  /** The index of the loopback interface, if the driver has interfaces. */
  readonly loopbackIndex?: number
}

/**
 * Registers the tests of the contract between a service and a driver (src/discovery/discovery.ts). They use only the
 * contract, and each has a cluster of its own. Call it in a file that `node --test` runs.
 */
export function testDiscovery(name: string, bench: Bench): void {
  const watchers: Watcher[] = []
  let cluster = ''

  /** Opens a discovery in the cluster of the test at hand. */
  const open = (change: Partial<Announcement> = {}): Watcher => {
    const announcement = {
      name: cluster,
      uuid: randomUuid(),
      probe: false,
      port: 4000,
      txt: { v: '1' },
      interfaceIndex: 0
    }
    const watcher = new Watcher(bench.driver, { ...announcement, address: null, ...change }, bench.deadlineMs)
    watchers.push(watcher)
    return watcher
  }
  const newCluster = () => {
    cluster = `t${randomBytes(5).toString('hex')}`
  }

  describe(`the ${name} driver`, { timeout: bench.deadlineMs * 20 }, () => {
    newCluster()
    afterEach(async () => {
      newCluster()
      for (const watcher of watchers.splice(0)) await watcher.end()
    })
    after(() => assert.equal(watchers.length, 0))

    testAnnouncing(open)
    testFinding(open)
    testChanging(open)
    testLocating(open)
    testNames(open)
    testClosing(open)
    if (bench.loopbackIndex !== undefined) testLoopback(open, bench.loopbackIndex)
  })
}

type Open = (change?: Partial<Announcement>) => Watcher

function testAnnouncing(open: Open): void {
  it('announces once', async () => {
    const watcher = open()
    await watcher.announced()
  })

  it('announces a uuid that was chosen', async () => {
    const watcher = open({ probe: true })
    await watcher.announced()
  })

  it('fails if another service has the chosen uuid, and does not affect the other', async () => {
    const older = open({ probe: true })
    const witness = open()
    await older.announced()
    await witness.sees(older)
    const newcomer = open({ uuid: older.uuid, probe: true, port: 4001 })
    assert.equal((await newcomer.failed()).code, 'ERR_TCPNET_UUID_CONFLICT')
    await newcomer.close()
    const third = open()
    assert.equal((await third.finds(older)).port, 4000)
    assert.equal((await witness.finds(older)).port, 4000)
    assert.ok(older.told.every(({ what }) => what !== 'failed'))
  })
}

function testFinding(open: Open): void {
  it('sees earlier and later services, and locates them completely', async () => {
    const others = { empty: '', text: 'größer = "漢字"', long: 'x'.repeat(200) }
    const txt = { ...others, sec: 'none', v: '1' }
    const first = open({ port: 1, txt })
    await first.announced()
    const second = open({ port: 65535 })
    const [one, other] = await Promise.all([second.finds(first), first.finds(second)])
    assert.equal(one.uuid, first.uuid)
    assert.equal(one.port, 1)
    assert.deepEqual({ ...one.txt }, { v: '1', sec: 'none' })
    assert.equal(other.port, 65535)
    assert.deepEqual({ ...other.txt }, { v: '1' })
    for (const { host, paths } of [one, other]) {
      assert.notEqual(host, '')
      assert.ok(paths.length > 0)
    }
  })

  it('sees and locates no service of another name', async () => {
    const stranger = open({ name: `s${randomBytes(5).toString('hex')}` })
    const [first, second] = [open(), open()]
    await stranger.announced()
    await Promise.all([first.sees(second), second.sees(first)])
    for (const watcher of [first, second]) {
      assert.ok(!watcher.known.has(stranger.uuid))
      assert.equal(await watcher.locate(stranger), null)
    }
    assert.ok([...stranger.known].every((uuid) => uuid === stranger.uuid))
  })

  it('sees and locates ten that come at once', async () => {
    const all = Array.from({ length: 10 }, (_, index) => open({ port: 5000 + index }))
    await Promise.all(all.map((watcher) => watcher.sees(...all.filter((other) => other !== watcher))))
    const [first, ...others] = all
    assert.ok(first !== undefined)
    const found = await Promise.all(others.map((other) => first.finds(other)))
    const ports = others.map(({ announcement }) => announcement.port)
    assert.deepEqual(
      found.map(({ port }) => port),
      ports
    )
  })
}

function testChanging(open: Open): void {
  it('reports services that are gone, and no others', async () => {
    const [witness, stays, goes] = [open(), open(), open()]
    await witness.sees(stays, goes)
    await goes.close()
    await witness.loses(goes)
    assert.ok(witness.known.has(stays.uuid))
    const told = witness.told.filter(({ what }) => what === 'gone')
    assert.deepEqual(told, [{ what: 'gone', uuid: goes.uuid }])
  })

  it('locates a service that came back with another port and TXT record at the new port, with the new record', async () => {
    const witness = open()
    const before = open()
    assert.equal((await witness.finds(before)).port, 4000)
    await before.close()
    const again = open({ uuid: before.uuid, port: 4100, txt: { v: '1', sec: 'secret' } })
    await again.announced()
    const fits = ({ port, txt }: Instance) => port === 4100 && txt.sec === 'secret'
    await witness.findsSuch(again, 'finds the new port and TXT record', fits)
  })

  it('locates the last of several services that had the same uuid one after the other', async () => {
    const witness = open()
    const uuid = randomUuid()
    for (let port = 4001; port <= 4005; port++) {
      const watcher = open({ uuid, port })
      await watcher.announced()
      await watcher.close()
    }
    const last = open({ uuid, port: 4006 })
    await last.announced()
    await witness.sees(last)
    await witness.findsSuch(last, 'finds the last', ({ port }) => port === 4006)
  })
}

function testLocating(open: Open): void {
  it('does not locate a service that is gone or never existed', async () => {
    const [witness, goes] = [open(), open()]
    await witness.finds(goes)
    await goes.close()
    await witness.loses(goes)
    assert.equal(await witness.locate(goes), null)
    assert.equal(await witness.locate({ uuid: randomUuid() }), null)
  })

  it('does not locate a service for an aborted signal, and locates another at the same time', async () => {
    const [witness, other] = [open(), open()]
    await witness.sees(other)
    const controller = new AbortController()
    const questions = [witness.locate(other), witness.locate(other, AbortSignal.abort())]
    // This one may be answered at once: then it is too late to abort it.
    const late = witness.discovery.locate(other.uuid, controller.signal)
    controller.abort()
    const [found, none] = await Promise.all(questions)
    assert.equal(found?.port, 4000)
    assert.equal(none, null)
    assert.ok([undefined, 4000].includes((await late)?.port))
  })

  it('locates no service after close, and ends earlier questions', async () => {
    const [witness, other] = [open(), open()]
    await witness.sees(other)
    const before = witness.discovery.locate(other.uuid, new AbortController().signal)
    await witness.close()
    // A driver without a daemon may have answered at once.
    assert.ok([undefined, 4000].includes((await before)?.port))
    assert.equal(await witness.locate(other), null)
  })

  it('locates a service as often as it is asked, even at the same time', async () => {
    const [witness, other] = [open(), open()]
    await witness.sees(other)
    const found = await Promise.all(Array.from({ length: 5 }, () => witness.locate(other)))
    for (const instance of found) assert.equal(instance?.port, 4000)
  })
}

function testNames(open: Open): void {
  it('accepts every valid uuid, and distinguishes them', async () => {
    const witness = open()
    const uuids = ['0', '00', 'AB', '0AB', 'F'.repeat(63), `0${'E'.repeat(62)}`, '123']
    const all = uuids.map((uuid, index) => open({ uuid, probe: true, port: 6000 + index }))
    await witness.sees(...all)
    for (const one of all) assert.equal((await witness.finds(one)).port, one.announcement.port)
  })

  it('accepts long and short cluster names', async () => {
    // Not of one character, which Avahi refuses.
    for (const name of [`0-0-${randomBytes(5).toString('hex')}x`, '9z']) {
      const [first, second] = [open({ name }), open({ name })]
      await Promise.all([first.sees(second), second.sees(first)])
    }
  })
}

function testClosing(open: Open): void {
  it('can be closed before it is announced, and is not seen any more', async () => {
    const witness = open()
    await witness.announced()
    const closed = Array.from({ length: 5 }, () => open())
    await Promise.all(closed.map((watcher) => watcher.close()))
    for (const watcher of closed) assert.deepEqual(watcher.told, [])
    const later = open()
    await Promise.all([later.sees(witness), witness.sees(later)])
    for (const watcher of closed) await witness.loses(watcher)
    for (const watcher of closed) await later.loses(watcher)
  })

  it('can be closed twice, and at once', async () => {
    const watcher = open()
    await watcher.announced()
    await Promise.all([watcher.close(), watcher.close()])
    await watcher.close()
  })

  it('can be closed after it has failed', async () => {
    const older = open({ probe: true })
    await older.announced()
    const newcomer = open({ uuid: older.uuid, probe: true, port: 4001 })
    await newcomer.failed()
    await newcomer.close()
    const third = open()
    await third.sees(older)
  })

  it('can be opened and closed many times', async () => {
    for (let round = 0; round < 10; round++) {
      const [first, second] = [open(), open()]
      await Promise.all([first.sees(second), second.sees(first)])
      await Promise.all([first.close(), second.close()])
    }
  })

  it('reports nothing after close, whatever happens in the cluster', async () => {
    const closed = open()
    const [first, second] = [open(), open()]
    await closed.sees(first, second)
    await closed.close()
    const third = open()
    await Promise.all([first.sees(third), third.sees(first)])
    await second.close()
    await first.loses(second)
  })
}

function testLoopback(open: Open, interfaceIndex: number): void {
  it('announces and finds on the loopback interface alone', async () => {
    const on = { interfaceIndex, address: '127.0.0.1' }
    const [first, second] = [open(on), open(on)]
    const [{ paths }] = await Promise.all([first.finds(second), second.finds(first)])
    assert.ok(paths.some(({ address }) => address === '127.0.0.1'))
    assert.ok(paths.every((path) => path.interfaceIndex === interfaceIndex))
    assert.ok(paths.every(({ address }) => address === '127.0.0.1' || address === '::1'))
  })
}
