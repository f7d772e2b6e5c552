// Claims every host name that a daemon probes for (RFC 6762 §8.1), until its standard input ends.
//   claimant.js ADDRESS
import { createSocket, type RemoteInfo } from 'node:dgram'
import { decode, encode } from 'dns-packet'

const [PORT, GROUP] = [5353, '224.0.0.251']
const [, , address = ''] = process.argv
const socket = createSocket({ type: 'udp4', reuseAddr: true })

socket.on('message', (message: Buffer, from: RemoteInfo) => {
  const { type, questions = [], authorities = [] } = decode(message)
  // A probe has the proposed records in its authority section.
  if (type !== 'query' || authorities.length === 0 || from.address === address) return
  const names = new Set(questions.map(({ name }) => name).filter((name) => /^[^.]+\.local$/.test(name)))
  const answers = [...names].map((name) => ({ type: 'A', name, ttl: 120, flush: true, data: address }) as const)
  if (answers.length === 0) return
  socket.send(encode({ type: 'response', id: 0, flags: 1024, answers }), PORT, GROUP)
  for (const name of names) console.log(name)
})
socket.bind(PORT, () => {
  socket.addMembership(GROUP, address)
  socket.setMulticastInterface(address)
  socket.setMulticastTTL(255)
  console.log('ready')
})
process.stdin.on('end', () => process.exit()).resume()
