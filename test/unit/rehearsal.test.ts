import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { it } from 'node:test'
import { processBudget } from '#tcpnet/mesh/connect-budget.js'
import { processDialing } from '#tcpnet/mesh/dial-queue.js'
import { rehearse } from '#tcpnet/rehearsal.js'

it('the rehearsal connects two meshes, publishes nothing, and leaves nothing behind', async () => {
  const published: unknown[] = []
  const onChange = (change: unknown) => void published.push(change)
  const paths = [{ interfaceIndex: 0, family: 4, address: '192.0.2.1' }] as const
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const [budget, timersBefore] = [processBudget.left(), timers()]
  subscribe('tcpnet:change', onChange)
  await new Promise<void>((done) => rehearse({ uuid: 'A', host: 'a.local', port: 1, txt: {}, paths }, done))
  unsubscribe('tcpnet:change', onChange)
  assert.deepEqual(published, [])
  assert.equal(processBudget.left(), budget)
  assert.equal(processDialing.size, 0)
  assert.equal(timers(), timersBefore)
})
