// The times of sent records are forgotten with the records.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Outbox } from '#tcpnet/discovery/drivers/embedded/outbox.js'
import { OwnRecords } from '#tcpnet/discovery/drivers/embedded/own-records.js'
import { FakeClock } from '../../support/fake-clock.js'
import { recordsOf } from './link-trial.js'

it('keeps nothing of withdrawn records', () => {
  const [clock, own] = [new FakeClock(), new OwnRecords()]
  const outbox = new Outbox({ clock, own, send: () => {} })
  for (let i = 0; i < 10; i++) {
    // Without an IPv6 address, so that an NSEC record is sent as well.
    const records = recordsOf(i.toString(16)).filter(({ type }) => type !== 'AAAA')
    own.add(outbox, records)
    for (const record of records) outbox.send(record, 0, 'announcement')
    clock.pass(1)
    assert.ok(outbox.size > records.length)
    outbox.forget(own.remove(outbox, records))
    assert.equal(outbox.size, 0)
  }
})
