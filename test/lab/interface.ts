import type { Namespace } from './namespace.js'
import type { Site } from './site.js'
import type { Port } from './wiring.js'

export interface InterfaceOptions {
  /** Default true. */
  ipv4?: boolean
  /** Default global: an address of a unique local prefix, beside the link-local one. */
  ipv6?: 'global' | 'link-local' | false
}

/** An interface of a host, as it was set up. */
export interface Interface {
  name: string
  index: number
  lan: string
  port: Port
  ipv4: string | undefined
  ipv6: string | undefined
  ipv6LinkLocal: string | undefined
  /** The ip(8) commands that bring it up with these addresses. */
  batch: string
}

export interface InterfacePlan extends InterfaceOptions {
  name: string
  /** The name of the lab's end of the cable. */
  port: string
  lan: string
}

/** Makes an interface, plugged in, up, its addresses usable at once (nodad: RFC 4862's wait for duplicates is left out). */
export async function makeInterface(site: Site, space: Namespace, plan: InterfacePlan): Promise<Interface> {
  const place = site.nextAddress(plan.lan)
  const port = { name: plan.port, lan: place.lan }
  await site.wiring.plug(port, plan.name, `/proc/${space.pid}/ns/net`)
  const addresses = addressesAt(place, plan)
  const made = { name: plan.name, lan: plan.lan, port, ...addresses, batch: setUp(plan.name, addresses) }
  await site.ip(space, made.batch)
  return { ...made, index: await indexOf(site, space, plan.name) }
}

/** The same interface with the next free addresses of its network. */
export async function settle(site: Site, space: Namespace, old: Interface): Promise<Interface> {
  const next = addressesAt(site.nextAddress(old.lan), {
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

function addressesAt(place: { lan: number; address: number }, options: InterfaceOptions): Addresses {
  const ipv6 = options.ipv6 ?? 'global'
  const host = place.address.toString(16)
  const lan = place.lan.toString(16)
  return {
    ipv4: options.ipv4 === false ? undefined : `10.77.${place.lan}.${place.address}`,
    ipv6: ipv6 === 'global' ? `fd77:${lan}::${host}` : undefined,
    ipv6LinkLocal: ipv6 === false ? undefined : `fe80::77:${lan}:${host}`
  }
}

/** The default route leads nowhere; it is there because a real host has one, and some programs need one to send at all. */
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
