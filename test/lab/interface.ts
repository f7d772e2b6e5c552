import type { Namespace } from './namespace.js'
import type { Place, Site } from './site.js'
import type { Port } from './wiring.js'

export interface InterfaceOptions {
  /** Default true. */
  ipv4?: boolean | undefined
  /** Default global: an address of a unique local prefix, in addition to the link-local one. */
  ipv6?: 'global' | 'link-local' | false | undefined
}

/** An interface of a host, as it was set up. */
export interface Interface {
  name: string
  index: number
  /** The end of its cable that is in the lab, which also gives its network. */
  port: Port
  ipv4: string | undefined
  ipv6: string | undefined
  ipv6LinkLocal: string | undefined
  /** The ip(8) commands that bring it up with these addresses. */
  batch: string
}

export interface InterfacePlan {
  name: string
  port: Port
  place: Place
  options: InterfaceOptions
}

/**
 * Makes an interface that is plugged in and up. Its addresses are usable at once (nodad: without the duplicate address
 * detection of RFC 4862).
 */
export async function makeInterface(site: Site, space: Namespace, plan: InterfacePlan): Promise<Interface> {
  const { name, port, place, options } = plan
  await site.wiring.plug(port, name, `/proc/${space.pid}/ns/net`)
  const addresses = addressesAt(place, options)
  const batch = setUp(name, addresses)
  await site.ip(space, batch)
  return { name, port, ...addresses, batch, index: await indexOf(site, space, name) }
}

/** The same interface with the next free addresses of its network. */
export async function settle(site: Site, space: Namespace, old: Interface): Promise<Interface> {
  const next = addressesAt(site.nextPlace(old.port.lan.name), {
    ipv4: old.ipv4 !== undefined,
    ipv6: old.ipv6 !== undefined ? 'global' : false
  })
  const addresses = { ...next, ipv6LinkLocal: old.ipv6LinkLocal }
  const gone = [old.ipv4 && `addr del ${old.ipv4}/24`, old.ipv6 && `addr del ${old.ipv6}/64`].filter(Boolean)
  const batch = setUp(old.name, addresses)
  await site.ip(space, [...gone.map((line) => `${line} dev ${old.name}`), batch].join('\n'))
  return { ...old, ...addresses, batch }
}

type Addresses = Pick<Interface, 'ipv4' | 'ipv6' | 'ipv6LinkLocal'>

function addressesAt(place: Place, options: InterfaceOptions): Addresses {
  const ipv6 = options.ipv6 ?? 'global'
  const host = place.address.toString(16)
  const lan = place.lan.number.toString(16)
  return {
    ipv4: options.ipv4 === false ? undefined : `10.77.${place.lan.number}.${place.address}`,
    ipv6: ipv6 === 'global' ? `fd77:${lan}::${host}` : undefined,
    ipv6LinkLocal: ipv6 === false ? undefined : `fe80::77:${lan}:${host}`
  }
}

/** The default route leads nowhere. It exists since a real host has one, and some programs need one to send. */
function setUp(name: string, { ipv4, ipv6, ipv6LinkLocal }: Addresses): string {
  const commands = [`link set ${name} addrgenmode none`, `link set ${name} up`]
  if (ipv4 !== undefined) {
    const metric = 100 + Number(name.slice('eth'.length))
    commands.push(`addr replace ${ipv4}/24 broadcast + dev ${name}`)
    commands.push(`route replace default dev ${name} metric ${metric}`)
  }
  for (const address of [ipv6, ipv6LinkLocal]) {
    if (address !== undefined) {
      commands.push(`addr replace ${address}/64 dev ${name} nodad`)
    }
  }
  return commands.join('\n')
}

async function indexOf(site: Site, space: Namespace, name: string): Promise<number> {
  const [link] = JSON.parse(await site.exec(space, ['ip', '-json', 'link', 'show', 'dev', name])) as {
    ifindex: number
  }[]
  if (link === undefined) {
    throw new Error(`ip(8) does not know the interface ${name} that it made`)
  }
  return link.ifindex
}
