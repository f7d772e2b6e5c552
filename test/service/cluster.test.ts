// Workers of node:cluster share listening sockets, unless they listen with `exclusive: true`.
import assert from 'node:assert/strict'
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { within } from '../support/wait.js'

async function start(): Promise<[Worker, number]> {
  const worker = cluster.fork()
  const [port] = (await within(once(worker, 'message'), 'the worker does not listen')) as [number]
  return [worker, port]
}

test('each worker of node:cluster has a port of its own', async () => {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('../programs/cluster-worker.js', import.meta.url)) })
  const started = [await start(), await start(), await start()]
  const ends = started.map(([worker]) => within(once(worker, 'exit'), 'the worker does not end'))
  for (const [worker] of started) worker.disconnect()
  for (const [code, signal] of await Promise.all(ends)) assert.deepEqual([code, signal], [0, null])
  const ports = new Set(started.map(([, port]) => port))
  assert.equal(ports.size, 3)
})
