// Three members change their secret and stay a mesh: they are restarted one by one with the new secret and the old one,
// then once more with the new one alone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PeerSocket } from '#tcpnet/index.js'
import { Member, mesh, newCluster } from './member.js'

const OLD = 'the old secret'
const NEW = Buffer.alloc(32, 'the new secret')

interface Pair {
  readonly one: Member
  readonly other: Member
  readonly socket: PeerSocket
}

function pairsOf(members: readonly Member[]): Pair[] {
  return members.flatMap((one) =>
    members
      .filter((other) => other !== one)
      .map((other) => ({ one, other, socket: one.sockets.get(other.uuid) ?? assert.fail('no mesh') }))
  )
}

/**
 * Closes the member and starts it again, with the same uuid and other secrets. The connections between the others stay.
 */
async function restart(
  members: Member[],
  number: number,
  secret: string | Buffer | (string | Buffer)[]
): Promise<void> {
  const old = members[number] ?? assert.fail('no such member')
  const others = members.filter((member) => member !== old)
  const standing = pairsOf(others)
  const talk = (text: string) => Promise.all(standing.map(({ one, other }) => one.says(text, other)))

  await Promise.all([old.close(), talk('while it closes')])
  const started = new Member({ name: old.service.name, uuid: old.uuid, secret })
  await Promise.all([started.listen(), talk('while it starts')])
  members[number] = started
  await mesh(members)
  await talk('when it is back')
  for (const other of others) {
    await started.says('hello again', other)
    await other.says('welcome back', started)
  }
  for (const { one, other, socket } of standing) {
    assert.equal(one.sockets.get(other.uuid), socket, 'a running pair has another connection than before')
    assert.equal(socket.destroyed, false)
  }
}

test('members change from A to [B, A] to B: running pairs keep their connection, and every restarted member reconnects to all', async () => {
  const name = newCluster()
  const members = await Promise.all([1, 2, 3].map(() => Member.start({ name, secret: OLD })))
  await mesh(members)
  for (const secrets of [[NEW, OLD], NEW]) {
    for (const number of members.keys()) await restart(members, number, secrets)
  }

  const late = await Member.start({ name, secret: OLD })
  for (const member of members) await member.dialError(late.uuid)
  assert.equal(late.connections, 0, 'the old secret is still accepted')
  await Promise.all([...members, late].map((member) => member.close()))
})

test('the step between cannot be left out: A and B do not connect', async () => {
  const name = newCluster()
  const [old, young] = await Promise.all([Member.start({ name, secret: OLD }), Member.start({ name, secret: NEW })])
  await Promise.all([old.rejection(), young.rejection()])
  assert.deepEqual([old.connections, young.connections], [0, 0])
  await Promise.all([old.close(), young.close()])
})
