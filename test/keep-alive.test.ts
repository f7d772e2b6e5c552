// What the kernel is told of connections: `ss` shows the timer that it keeps for each.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { afterEach, it } from 'node:test'
import { promisify } from 'node:util'
import type { PeerSocket } from 'tcpnet'
import { Cluster, connection } from './support/cluster.js'

const cluster = new Cluster()
afterEach(() => cluster.close())

const noSs = process.platform === 'linux' ? false : 'ss is of Linux'

/** The kernel's line for one end of a connection, with its timer. */
async function ofKernel({ localPort, remotePort }: PeerSocket): Promise<string> {
  const ends = [`( sport = :${localPort} and dport = :${remotePort} )`]
  const { stdout } = await promisify(execFile)('ss', ['--tcp', '--numeric', '--no-header', '--options', ...ends])
  assert.equal(stdout.trim().split('\n').length, 1, stdout)
  return stdout
}

it('connections are kept alive, and are not with deadPeerTimeout: 0', { skip: noSs }, async () => {
  const [watching, trusting] = [await cluster.member(), await cluster.member({ deadPeerTimeout: 0 })]
  const [here, there] = await connection(watching, trusting)
  assert.match(await ofKernel(here), /timer:\(keepalive,/)
  assert.doesNotMatch(await ofKernel(there), /timer:\(keepalive/)
})
