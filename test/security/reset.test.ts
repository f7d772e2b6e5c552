// A stranger causes `rejected`, however its connection ends.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { Authority } from './certificates.js'
import { Member, newCluster } from './member.js'

const authority = new Authority('the cluster')

test('a client without a certificate that resets its connection right after the handshake is rejected', async () => {
  const member = await Member.start({ name: newCluster(), tls: authority.issue('member') })
  const raw = connect(member.port, '127.0.0.1')
  const client = tlsConnect({ socket: raw, rejectUnauthorized: false }).on('error', () => {})
  await once(client, 'secureConnect')
  // At that point its last message has been sent.
  setImmediate(() => raw.resetAndDestroy())
  const { code, cause } = await member.rejection()
  assert.deepEqual([code, cause], ['ERR_TCPNET_TLS', 'PEER_DID_NOT_RETURN_A_CERTIFICATE'])
  await member.close()
})
