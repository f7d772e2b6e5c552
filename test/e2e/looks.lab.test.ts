// A service goes on looking for others, since daemons ask at growing intervals of up to an hour, and forget hosts after
// two minutes.
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sharedLab } from '../lab/index.js'
import { Node } from '../programs/node-client.js'
import { inWhole, overDrivers } from './drivers.js'

/** Longer than the first look takes. */
const LATE_MS = 6000
const LOOKER = fileURLToPath(new URL('../programs/looker.js', import.meta.url))

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta']))

overDrivers(['avahi', ...inWhole('embedded')], (driver, skip) => {
  test('a service that comes long after the first look is found by later looks', { skip }, async () => {
    const [alpha, beta] = shared.hosts
    const looker = await alpha.run([process.execPath, LOOKER, 'looks'])
    await delay(LATE_MS)
    const node = await Node.start(beta, { name: 'looks', driver })
    const uuid = new RegExp(node.uuid)
    const from = looker.lines.length
    await looker.line(uuid, 'the node is not found', 10_000, from)
    await looker.line(uuid, 'the node is not found again', 10_000, looker.lines.length)
    await node.close()
    await looker.kill()
  })
})
