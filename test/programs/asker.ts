// Sends any multicast DNS packets on one interface, over IPv4, and prints the responses of one host to each turn of
// them. Reads turns and prints the responses, a line of JSON each, until its standard input ends.
//   asker.js OWN-ADDRESS ADDRESS-OF-THE-HOST
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/** Packets that are sent one after the other. */
export interface Turn {
  readonly packets: readonly {
    readonly base64: string
    /** Whether it is sent from another port than 5353, as by a program that uses only unicast DNS. */
    readonly isLegacy: boolean
    /** Milliseconds to wait before it is sent. */
    readonly afterMs: number
  }[]
  /** Milliseconds in which responses are awaited after the last packet. */
  readonly waitMs: number
}

/** A response. */
export interface Response {
  readonly base64: string
  /** Sent to the whole link, or to one port of this host. */
  readonly to: 'all' | '5353' | 'legacy port'
}

const [PORT, GROUP] = [5353, '224.0.0.251']
const [, , own = '', other = ''] = process.argv
let heard: Response[] = []

async function open(to: Response['to'], port: number, address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.on('message', (message, from) => {
    const isResponse = message.length >= 12 && (message.readUInt16BE(2) & 0x8000) !== 0
    if (from.address === other && isResponse) heard.push({ base64: message.toString('base64'), to })
  })
  socket.bind({ port, address, exclusive: true })
  await once(socket, 'listening')
  socket.setMulticastInterface(own)
  socket.setMulticastTTL(255)
  return socket
}

const all = await open('all', PORT, GROUP)
all.addMembership(GROUP, own)
const mdns = await open('5353', PORT, own)
const legacy = await open('legacy port', 0, own)
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const { packets, waitMs } = JSON.parse(line) as Turn
  heard = []
  for (const { base64, isLegacy, afterMs } of packets) {
    await delay(afterMs)
    ;(isLegacy ? legacy : mdns).send(Buffer.from(base64, 'base64'), PORT, GROUP)
  }
  await delay(waitMs)
  console.log(JSON.stringify(heard))
}
process.exit()
