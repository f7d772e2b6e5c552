// A service on one address of an interface that is removed and made again.
import assert from 'node:assert/strict'
import { afterEach, describe, it, mock } from 'node:test'
import type { InterfaceAddress } from '#tcpnet/addon.js'
import { ServiceInterface } from '#tcpnet/discovery/service-interface.js'
import { ANNOUNCEMENT, HealingTrial } from '../support/fake-session.js'
import { seen } from '../support/sightings.js'

function entry(index: number, name: string, address: string): InterfaceAddress {
  const family = address.includes(':') ? 6 : 4
  return { index, name, family, address, prefixLength: 24, loopback: name === 'lo', up: true }
}

const LO = entry(1, 'lo', '127.0.0.1')

describe('the interface of an address', () => {
  type Case = [name: string, address: string, before: InterfaceAddress[], now: InterfaceAddress[], index: number | null]
  const cases: Case[] = [
    ['stays', '192.0.2.1', [entry(2, 'eth0', '192.0.2.1')], [entry(2, 'eth0', '192.0.2.1')], 2],
    ['was made again', '192.0.2.1', [entry(2, 'eth0', '192.0.2.1')], [entry(7, 'eth0', '192.0.2.1')], 7],
    ['is another interface', '192.0.2.1', [entry(2, 'eth0', '192.0.2.1')], [entry(3, 'eth1', '192.0.2.1')], 3],
    ['is gone', '192.0.2.1', [entry(2, 'eth0', '192.0.2.1')], [entry(2, 'eth0', '192.0.2.9')], null],
    ['is not listed', '192.0.2.1', [entry(2, 'eth0', '192.0.2.1')], [], 2],
    [
      'is the one of the same name if two have a link-local address',
      'fe80::1',
      [entry(2, 'eth0', 'fe80::1')],
      [entry(3, 'eth1', 'fe80::1'), entry(7, 'eth0', 'fe80::1')],
      7
    ],
    [
      'is no other interface if the address is link-local',
      'fe80::1',
      [entry(2, 'eth0', 'fe80::1')],
      [entry(3, 'eth1', 'fe80::1')],
      null
    ],
    ['is the loopback interface for every loopback address', '127.1.2.3', [entry(2, 'lo', '127.0.0.1')], [LO], 1]
  ]
  for (const [name, address, before, now, index] of cases) {
    it(name, () => {
      let entries = before
      const source = { list: () => entries, everyMs: 1 }
      const own = new ServiceInterface({ ...ANNOUNCEMENT, address, interfaceIndex: 2 }, source)
      assert.equal(own.isOne, true)
      entries = now.length === 0 ? now : [...now, LO]
      assert.equal(own.find(), index)
    })
  }

  it('is no specific one if a service listens on all addresses', () => {
    const source = { list: () => assert.fail('listed'), everyMs: 1 }
    const own = new ServiceInterface({ ...ANNOUNCEMENT, address: null, interfaceIndex: 0 }, source)
    assert.deepEqual([own.isOne, own.find()], [false, 0])
  })
})

describe('a service on one address', () => {
  const EVERY_MS = 100
  const announcement = { ...ANNOUNCEMENT, address: '192.0.2.1', interfaceIndex: 2 }
  let entries: InterfaceAddress[] = []

  afterEach(() => mock.timers.reset())

  function trial(): HealingTrial {
    entries = [LO, entry(2, 'eth0', '192.0.2.1')]
    return new HealingTrial(announcement, { interfaces: { list: () => entries, everyMs: EVERY_MS } })
  }

  function announced(): HealingTrial {
    const made = trial()
    made.announce()
    made.take()
    return made
  }

  /** The service was announced on interface index 2, and is on 7 now. */
  function isAnnouncedAnew(made: HealingTrial): void {
    made.announce()
    assert.deepEqual(
      [made.take(), indexes(made)],
      [
        ['offline', 'online'],
        [2, 7]
      ]
    )
  }

  const indexes = ({ sessions }: HealingTrial) => sessions.map((session) => session.announcement.interfaceIndex)

  it('is announced once while nothing changes', () => {
    const made = announced()
    made.pass(100 * EVERY_MS)
    assert.deepEqual([made.take(), indexes(made)], [[], [2]])
  })

  it('is offline while no interface has its address, and is announced on the new index of the interface', () => {
    const made = announced()
    made.session.emit(seen('A1'))
    entries = [LO]
    made.pass(EVERY_MS)
    assert.deepEqual(made.take(), ['seen A1', 'offline'])
    assert.equal(made.errors[0]?.code, 'ERR_TCPNET_NO_INTERFACE')
    assert.match(made.errors[0]?.message ?? '', /No interface has the address 192\.0\.2\.1/)
    assert.equal(made.session.closed, 1)
    made.pass(60_000)
    assert.deepEqual([made.take(), indexes(made)], [[], [2]])
    entries = [LO, entry(7, 'eth0', '192.0.2.1')]
    made.pass(EVERY_MS)
    made.announce()
    made.session.emit(seen('A1'))
    made.pass(5000)
    assert.deepEqual([made.take(), indexes(made)], [['online'], [2, 7]])
  })

  it('is announced again if the interface was removed and made again between two checks', () => {
    const made = announced()
    entries = [LO, entry(7, 'eth0', '192.0.2.1')]
    made.pass(EVERY_MS)
    assert.match(made.errors[0]?.message ?? '', /192\.0\.2\.1.* was removed and made again/)
    made.pass(500)
    isAnnouncedAnew(made)
  })

  it('looks the index up again when the daemon comes back', () => {
    const made = announced()
    made.fail()
    entries = [LO, entry(7, 'eth0', '192.0.2.1')]
    made.pass(500)
    isAnnouncedAnew(made)
  })

  it('fails if the interface disappears before the announcement', () => {
    const made = trial()
    entries = [LO]
    made.pass(EVERY_MS)
    assert.deepEqual(made.take(), ['failed'])
    assert.equal(made.errors[0]?.code, 'ERR_TCPNET_NO_INTERFACE')
    made.pass(60_000)
    assert.deepEqual(indexes(made), [2])
  })

  it('gets no report during open(), even if the interface is gone by then', () => {
    entries = [LO]
    const made = new HealingTrial(announcement, { interfaces: { list: () => entries, everyMs: EVERY_MS } })
    assert.deepEqual(made.take(), [])
    made.pass(0)
    assert.deepEqual(made.take(), ['failed'])
  })

  it('does not check interfaces any more after it is closed', async () => {
    const made = announced()
    const closing = made.discovery.close()
    made.session.endClose()
    await closing
    entries = [LO]
    made.pass(60_000)
    assert.deepEqual(made.take(), [])
  })
})
