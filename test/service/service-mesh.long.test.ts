import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cluster } from '../support/cluster.js'
import { until } from '../support/wait.js'

test('a mesh of fifty services in one process has every pair', async () => {
  const cluster = new Cluster()
  const services = await Promise.all(Array.from({ length: 50 }, () => cluster.member()))
  const isFull = () => services.every((service) => service.connections.length === 49)
  await until(isFull, 'not every service has 49 connections', 60_000)
  for (const service of services) {
    assert.equal(new Set(service.connections.map((socket) => socket.peer.uuid)).size, 49)
  }
  await cluster.close()
})
