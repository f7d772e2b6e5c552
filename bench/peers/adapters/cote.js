// Each member has a publisher, and a subscriber that connects to the publishers of the others, and to its own.
import { networkInterfaces } from 'node:os'

export const packages = ['cote']

export async function load() {
  const { default: createCote } = await import('cote')
  return async (mesh) => {
    const cote = createCote({ log: false })
    const publisher = new cote.Publisher({ name: 'bench', broadcasts: ['data'] })
    const subscriber = new cote.Subscriber({ name: 'bench', subscribesTo: ['data'] })
    subscriber.on('data', ({ text }) => mesh.received(text.length))
    // A member is connected when both directions are.
    const [outbound, inbound] = [publisher.sock.sock, subscriber.sock.sock]
    const onConnect = (socket) => {
      const has = ({ socks }) => socks.some((one) => addressOf(one) === addressOf(socket))
      if (has(outbound) && has(inbound) && !isOwn(addressOf(socket))) mesh.connected(addressOf(socket))
    }
    for (const socket of [outbound, inbound]) socket.on('connect', onConnect)
    outbound.on('disconnect', (socket) => mesh.lost(addressOf(socket)))
    inbound.on('socket close', (socket) => mesh.lost(addressOf(socket)))
    subscriber.on('cote:removed', ({ address }) => mesh.lost(address))
    return {
      /** A publisher has no way to write to one subscriber. Without a pause nothing would be sent before the end. */
      broadcast(data) {
        publisher.publish('data', { text: data.toString('latin1') })
        return drained(outbound.socks)
      },
      leave() {
        publisher.close()
        subscriber.close()
      }
    }
  }
}

function addressOf({ remoteAddress = '' }) {
  return remoteAddress.replace('::ffff:', '')
}

function isOwn(address) {
  return Object.values(networkInterfaces())
    .flat()
    .some((one) => one.address === address)
}

async function drained(sockets) {
  while (sockets.some(({ writableNeedDrain }) => writableNeedDrain)) await new Promise(setImmediate)
}
