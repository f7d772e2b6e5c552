import assert from 'node:assert/strict'
import { it } from 'node:test'
import { memory } from '#tcpnet/discovery/drivers/memory.js'
import { testDiscovery } from './discovery.js'
import { Watcher } from './watcher.js'

const DEADLINE_MS = 5000

testDiscovery('memory', { driver: memory, deadlineMs: DEADLINE_MS, loopbackIndex: 0 })

it('sees a service that joins while another with its uuid leaves', async () => {
  const open = (uuid: string, port: number) => {
    const announcement = { name: 'handover', uuid, probe: false, port, txt: {}, interfaceIndex: 0, address: null }
    return new Watcher(memory, announcement, DEADLINE_MS)
  }
  const [witness, old] = [open('A', 4000), open('B', 4001)]
  await witness.sees(old)
  // The newcomer joins after the old one leaves.
  const newcomer = open('B', 4002)
  await old.end()
  await newcomer.announced()
  await witness.sees(newcomer)
  assert.equal((await witness.finds(newcomer)).port, 4002)
  const later = open('C', 4003)
  await later.sees(witness, newcomer)
  await witness.sees(later)
  for (const watcher of [witness, newcomer, later]) await watcher.end()
})
