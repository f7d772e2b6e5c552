// Which received messages are those that a link has sent itself.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Echoes } from '#tcpnet/discovery/drivers/embedded/echoes.js'

it('a message comes back once, within a second', () => {
  let now = 0
  const echoes = new Echoes(() => now)
  const message = Buffer.from('a message')
  echoes.sent(message)
  assert.deepEqual([echoes.take(Buffer.from(message)), echoes.take(message)], [true, false])
  echoes.sent(message)
  now = 1000
  assert.equal(echoes.take(message), false, 'it was lost, and this one is of another process')
})
