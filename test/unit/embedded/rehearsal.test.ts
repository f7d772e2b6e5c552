// The rehearsal of the driver: it has to reach its end, and to leave nothing behind.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { rehearse } from '#tcpnet/discovery/drivers/embedded/embedded.js'
import { until } from '../../support/wait.js'

it('two services find each other in memory, and leave no timer or socket behind', async () => {
  const resources = () => process.getActiveResourcesInfo().length
  const before = resources()
  assert.equal(await new Promise(rehearse), true)
  await until(() => resources() <= before, 'something is left')
})
