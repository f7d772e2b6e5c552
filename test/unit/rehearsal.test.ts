import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, it } from 'node:test'
import { processBudget } from '#tcpnet/mesh/connect-budget.js'
import { processCrowd } from '#tcpnet/mesh/crowd-limit.js'
import { rehearse } from '#tcpnet/rehearsal.js'
import { REHEARSED } from '#tcpnet/warm.js'

describe('the rehearsal', () => {
  it('connects two meshes, publishes nothing, and leaves nothing behind', async (t) => {
    const published: unknown[] = []
    const onChange = (change: unknown) => void published.push(change)
    const paths = [{ interfaceIndex: 0, family: 4, address: '192.0.2.1' }] as const
    const used = [processBudget, processCrowd].map((bucket) => t.mock.method(bucket, 'take'))
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const timersBefore = timers()
    subscribe('tcpnet:change', onChange)
    await new Promise<void>((done) => rehearse({ uuid: 'A', host: 'a.local', port: 1, txt: {}, paths }, done))
    unsubscribe('tcpnet:change', onChange)
    assert.deepEqual(published, [])
    for (const { mock } of used) assert.equal(mock.callCount(), 0)
    assert.equal(timers(), timersBefore)
  })

  it('is made at the import, with the instance in the answer that is read there', () => {
    const paths = [{ interfaceIndex: 0, family: 4, address: '192.0.2.1' }]
    const rehearsed = REHEARSED.map(({ txt, ...instance }) => ({ ...instance, txt: { ...txt } }))
    assert.deepEqual(rehearsed, [{ uuid: 'A', host: 'a.local', port: 1, paths, txt: { v: '1' } }])
  })
})
