// Services that find no peer: each reports its question, the interfaces, and that no instance answered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sharedLab } from '../lab/index.js'
import { overDrivers } from './drivers.js'

const CHANGES = fileURLToPath(new URL('../programs/changes.js', import.meta.url))

const shared = sharedLab((lab) => lab.hosts(['alpha', 'beta', 'gamma']))

overDrivers(['avahi'], (driver, skip) => {
  test('services report that they are alone: with a misspelt name, on a host that drops UDP, and on an address without peers', {
    skip
  }, async () => {
    const [alpha, beta, gamma] = shared.hosts
    await gamma.drop({ match: 'meta l4proto udp' })
    const started = [
      { name: 'chat', host: alpha },
      { name: 'chta', host: beta },
      { name: 'dropped', host: alpha },
      { name: 'dropped', host: gamma },
      { name: 'lonely', host: alpha, address: alpha.ipv4, asked: /on eth0 over IPv4, eth0 over IPv6; check/ },
      { name: 'lonely', host: beta, address: '127.0.0.1', asked: /on lo over IPv4(, lo over IPv6[^;,]*)?; check/ }
    ].map(async ({ name, host, address = '::', asked = /eth0 over IPv4/ }) => {
      const program = await host.run([process.execPath, CHANGES, JSON.stringify({ name, driver }), address])
      return { name, program, asked }
    })
    for (const { name, program, asked } of await Promise.all(started)) {
      const line = await program.line(/"to":"alone"/, `a service of ${name} does not report that`, 10_000)
      const { from, reason } = JSON.parse(line)
      assert.equal(from, 'looking')
      assert.match(reason, new RegExp(`^no instance answered the question for _${name}\\._tcp\\.local on `))
      assert.match(reason, asked)
      await program.kill()
    }
  })
})
