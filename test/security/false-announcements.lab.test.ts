// A host on the link announces the uuids of others as its own, with raw packets that no daemon would send.
import assert from 'node:assert/strict'
import { labTest } from '../lab/index.js'
import { everybodyTalks, firstMesh } from '../programs/full-mesh.js'
import { Node } from '../programs/node-client.js'

const NAME = 'claimed'

/** Announces ten times by multicast that each uuid in its arguments is an unsecured service on the host mallory. */
const CLAIM = `
  const { encode } = require('dns-packet')
  const type = '_${NAME}._tcp.local'
  const claims = process.argv.slice(1).map((uuid) => {
    const name = uuid + '.' + type
    const data = { target: 'mallory.local', port: 7000, priority: 0, weight: 0 }
    const answers = [
      { type: 'SRV', name, ttl: 120, flush: true, data },
      { type: 'TXT', name, ttl: 4500, flush: true, data: ['v=1', 'sec=none'] },
      { type: 'PTR', name: type, ttl: 4500, data: name }
    ]
    return encode({ type: 'response', flags: 1024, answers })
  })
  const socket = require('node:dgram').createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind(5353, () => {
    socket.setMulticastTTL(255)
    let round = 0
    const timer = setInterval(() => {
      for (const claim of claims) socket.send(claim, 5353, '224.0.0.251')
      if (++round === 10) socket.close(clearInterval(timer))
    }, 100)
  })`

labTest(
  'a service with a random uuid that is claimed goes on; one with a chosen uuid fails with an error that says why',
  async (lab) => {
    const [alpha, beta, mallory] = await lab.hosts(['alpha', 'beta', 'mallory'])
    const settings = { name: NAME, driver: 'avahi', secret: 'for members only' }
    const members = await Promise.all([alpha, beta].map((host) => Node.start(host, settings)))
    await firstMesh(members)
    const chosen = await Node.start(alpha, { ...settings, uuid: 'C405E4' })
    await chosen.connectedTo(members)

    // Claimed in the order of the arguments: when the last claim was received, all were.
    const uuids = [...members, chosen].map(({ uuid }) => uuid)
    await mallory.exec([process.execPath, '-e', CLAIM, ...uuids])
    const error = await chosen.event('error', 'the claim is not heard')
    assert.deepEqual([error.code, error.peer], ['ERR_TCPNET_UUID_CONFLICT', null])
    await chosen.event('close', 'it does not close')

    await everybodyTalks(members, 'still here')
    for (const member of members) {
      const toMembers = (event: { peer: string }) => event.peer !== chosen.uuid
      assert.equal(member.ledger.all('connection').filter(toMembers).length, 1)
      assert.deepEqual(member.ledger.all('closed').filter(toMembers), [])
    }
  }
)
