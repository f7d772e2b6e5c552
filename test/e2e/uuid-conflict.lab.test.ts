// A chosen uuid that another live service has.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedLab } from '../lab/index.js'
import { closeAll, everybodyTalks, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'
import { inWhole, overDrivers } from './drivers.js'

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))

overDrivers(['avahi', 'bonjour', ...inWhole('embedded', 'mdns')], (driver, skip) => {
  for (const [where, second] of [
    ['another host', 1],
    ['the same host', 0],
    ['another host, with another member on the host of the newcomer', 2]
  ] as const) {
    test(`if the uuid is taken on ${where}, the newcomer gets an error, and the older service is not affected`, {
      skip
    }, async () => {
      const [alpha, , gamma] = shared.hosts
      const settings = { name: `taken${second}-${driver}`, driver }
      const older = await Node.start(alpha, { ...settings, uuid: '00AbC' })
      const friend = await Node.start(gamma, settings)
      await firstMesh([older, friend])

      const newcomer = await Node.prepare(shared.hosts[second], { ...settings, uuid: '00ABC' })
      await newcomer.ask({ ask: 'listen' })
      const { code, message } = await newcomer.event('error', 'no error')
      assert.equal(code, 'ERR_TCPNET_UUID_CONFLICT', message)
      await newcomer.event('close', 'no close after the error')
      await newcomer.process.ended()
      assert.deepEqual(
        newcomer.ledger.events.map(({ event }) => event),
        ['opening', 'error', 'close']
      )

      await everybodyTalks([older, friend], 'undisturbed')
      for (const { ledger } of [older, friend]) {
        const kinds = new Set(ledger.events.map(({ event }) => event))
        assert.deepEqual([...kinds].sort(), ['connection', 'listening', 'opening', 'text'])
      }
      assert.equal(older.uuid, '00ABC')
      await closeAll([older, friend])
    })
  }
})
