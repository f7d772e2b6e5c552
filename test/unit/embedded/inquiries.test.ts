// How a service asks where instances are.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Inquiries } from '#tcpnet/discovery/drivers/embedded/inquiries.js'
import { instanceName } from '#tcpnet/discovery/drivers/embedded/names.js'
import type { NetworkLink } from '#tcpnet/discovery/drivers/embedded/network-user.js'
import { until } from '../../support/wait.js'
import { TYPE } from './link-trial.js'

it('asks for all instances of one turn of the event loop in one query', async () => {
  const asked: (readonly string[])[] = []
  const cache = { latest: () => null, get: () => [] }
  const link = { remote: { cache }, ask: (...names: readonly string[]) => asked.push(names) }
  const inquiries = new Inquiries({
    type: TYPE,
    links: () => [{ index: 1, family: 4, addresses: [], link }] as unknown as NetworkLink[],
    find: () => null
  })
  const end = new AbortController()
  const answers = ['AA', 'BB', 'AA'].map((uuid) => inquiries.locate(uuid, end.signal))
  await until(() => asked.length > 0, 'nothing is asked')
  await setImmediate()
  assert.deepEqual(asked, [[instanceName('AA', TYPE), instanceName('BB', TYPE)]])
  end.abort()
  assert.deepEqual(await Promise.all(answers), [null, null, null])
})
