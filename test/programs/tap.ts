// Prints every record of every multicast DNS response over IPv4 on an interface, a line of JSON each, until its standard
// input ends.
//   tap.js ADDRESS
import { createSocket } from 'node:dgram'
import { type Answer, decode } from 'dns-packet'
import type { Heard } from './tap-client.js'

const [PORT, GROUP] = [5353, '224.0.0.251']
const [, , address = ''] = process.argv
const socket = createSocket({ type: 'udp4', reuseAddr: true })

socket.on('message', (message, from) => {
  const { type, answers = [], additionals = [] } = decode(message)
  if (type !== 'response') return
  for (const answer of [...answers, ...additionals] as Answer[]) {
    if (answer.type === 'OPT' || !('ttl' in answer)) continue
    const { type, name, ttl = 0, data } = answer
    const heard: Heard = { from: from.address, type, name, ttl, data: JSON.stringify(data) }
    console.log(JSON.stringify(heard))
  }
})
socket.bind({ port: PORT, address: GROUP, exclusive: true }, () => {
  socket.addMembership(GROUP, address)
  console.log('ready')
})
process.stdin.on('end', () => process.exit()).resume()
