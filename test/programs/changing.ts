// A service of the driver embedded whose TXT record changes while it is announced, which no driver offers. It prints a
// line for each event, and runs the commands that it reads:
//   changing.js CLUSTER UUID
//   change TEXT   announces sec=TEXT
//   text UUID     asks for an instance, and prints its TXT record once it is known
//   close         sends a goodbye, and ends
import { createInterface } from 'node:readline'
import { instanceName, serviceType } from '#tcpnet/discovery/drivers/embedded/names.js'
import { Network } from '#tcpnet/discovery/drivers/embedded/network.js'
import type { NetworkLink, NetworkUser } from '#tcpnet/discovery/drivers/embedded/network-user.js'
import { recordsOf } from '#tcpnet/discovery/drivers/embedded/own-service.js'

const [, , name = '', uuid = ''] = process.argv
const type = serviceType(name)
const network = new Network()
type Publication = ReturnType<NetworkLink['link']['publish']>
const links = new Map<NetworkLink, Publication>()
let sec = 'none'

function records({ index, addresses }: NetworkLink) {
  const txt = { v: '1', sec }
  const announcement = { name, uuid, probe: false, port: 4000, txt, interfaceIndex: 0, address: null }
  return recordsOf(announcement, { index, addresses })
}

function text(link: NetworkLink, other: string): string | null {
  const record = link.link.remote.cache.latest(instanceName(other, type), 'TXT')
  return record?.type === 'TXT' ? record.strings.toString('latin1') : null
}

const user: NetworkUser = {
  type,
  hasMet: false,
  interfaceIndex: () => 0,
  up: (link) => {
    const onConflict = () => console.log('conflict')
    const publication = link.link.publish({ records: records(link), probe: false, onAnnounced: () => {}, onConflict })
    links.set(link, publication)
    link.link.browse(type)
    console.log('announced')
  },
  down: (link) => links.delete(link),
  changed: () => {},
  seen: (_link, other) => console.log(`seen ${other}`),
  gone: (_link, other) => console.log(`gone ${other}`),
  answered: (link, other) => console.log(`text ${other} ${text(link, other)}`),
  settled: () => {}
}
network.add(user)

createInterface({ input: process.stdin }).on('line', async (line) => {
  const [command, argument = ''] = line.split(' ')
  switch (command) {
    case 'change':
      sec = argument
      for (const [link, publication] of links) publication.update(records(link))
      return
    case 'text':
      for (const { link } of links.keys()) link.ask(instanceName(argument, type))
      return
    case 'close':
      for (const publication of links.values()) publication.close()
      await network.remove(user)
      process.exit()
  }
})
