import { isOnLink, isOwn } from '../../../net/addresses.js'
import type { FoundService } from '../../mdns/directory.js'
import { counted, shortUuid } from '../../shown.js'
import { type Finding, findings } from '../finding.js'
import type { Check, Goal } from '../machine.js'
import { distance } from './distance.js'

const { problem, warning, note, good } = findings('cluster')

/** Whether services of the cluster exist and fit together, and whether clusters with similar names exist. */
export const cluster: Check = async (machine, goal) => {
  const { services } = await machine.survey()
  if (goal.name === null) return [...clustersFinding(services), ...duplicates(services)]
  const own = new Set((await machine.interfaces()).flatMap(({ addresses }) => addresses.map(({ address }) => address)))
  const members = services.filter(({ cluster }) => cluster === goal.name)
  const isOwnService = ({ addresses }: FoundService) => addresses.some(({ address }) => own.has(address))
  if (members.length === 0) return [missing(goal.name, services)]
  const others = members.filter((one) => !isOwnService(one))
  return [
    ...presence(goal.name, members, others),
    ...nearlyTheSame(goal.name, services),
    ...duplicates(members),
    ...taken(goal, members),
    ...mixedSecurity(goal, members),
    ...unshared(members, isOwnService),
    ...unsharedAddress(goal, await machine.interfaces(), others),
    ...offLink(others)
  ]
}

function clustersFinding(services: readonly FoundService[]): Finding[] {
  const clusters = countsOf(services)
  return [
    note(clusters === '' ? 'No tcpnet service was found on the network.' : `Clusters on the network: ${clusters}.`)
  ]
}

function missing(name: string, services: readonly FoundService[]): Finding {
  const near = nearNames(name, services)
  const there = countsOf(services)
  if (near.length > 0)
    return problem(
      `No service of the cluster "${name}" was found, but services of ${near.map((one) => `"${one}"`).join(' and ')}: is the name misspelt?`,
      `Give all services the same name: ${near.join(' or ')}. Clusters on the network: ${there}.`
    )
  return problem(
    `No service of the cluster "${name}" was found.${there === '' ? ' No other tcpnet service was found either.' : ''}`,
    `Start services of that name.${there === '' ? '' : ` Clusters on the network: ${there}.`} If they are running, see the other findings, and run this on their hosts.`
  )
}

function presence(name: string, members: readonly FoundService[], others: readonly FoundService[]): Finding[] {
  if (others.length > 0)
    return [
      good(
        `The cluster "${name}" has ${counted(members.length, 'service')} on the network, ${others.length} of them on other hosts.`
      )
    ]
  return [
    warning(
      `All services of the cluster "${name}" that were found (${members.length}) are on this machine: none of another host was found.`,
      'If there are others: see the other findings, and run this on their hosts.'
    )
  ]
}

/** Names that may be misspelt forms of the cluster's name. */
function nearNames(name: string, services: readonly FoundService[]): string[] {
  const names = new Set(services.map(({ cluster }) => cluster))
  names.delete(name)
  const plain = (text: string) => text.replaceAll('-', '')
  return [...names].filter((other) => {
    const far = distance(name, other)
    return far <= Math.min(2, Math.floor(Math.min(name.length, other.length) / 2)) || plain(name) === plain(other)
  })
}

function nearlyTheSame(name: string, services: readonly FoundService[]): Finding[] {
  const near = nearNames(name, services)
  if (near.length === 0) return []
  return [
    note(
      `There are clusters with similar names: ${near.map((one) => `"${one}"`).join(', ')}.`,
      'If they are meant to be one cluster, give all services the same name.'
    )
  ]
}

function duplicates(services: readonly FoundService[]): Finding[] {
  const places = new Map<string, FoundService[]>()
  for (const one of services) {
    const key = `${one.cluster}/${one.uuid}`
    places.set(key, [...(places.get(key) ?? []), one])
  }
  return [...places.values()]
    .filter((list) => list.length > 1)
    .map((list) => {
      const [first] = list
      const where = list.map(({ host, port }) => `${host} port ${port}`).join(' and ')
      return problem(
        `Two services of the cluster "${first?.cluster}" have the same uuid ${first?.uuid}: ${where}.`,
        'Give each service a uuid of its own, or leave the setting out for a random one. The cause is often a copied configuration or machine image.'
      )
    })
}

/** Whether the given uuid is already in use. */
function taken({ uuid }: Goal, members: readonly FoundService[]): Finding[] {
  const holder = uuid === null ? undefined : members.find((one) => one.uuid === uuid.toUpperCase())
  if (holder === undefined) return []
  return [
    problem(
      `A service at ${holder.host} port ${holder.port} has the uuid ${holder.uuid}: another one with the same uuid cannot listen.`,
      'Give each service a uuid of its own, or leave the setting out for a random one.'
    )
  ]
}

function mixedSecurity({ hasSecret }: Goal, members: readonly FoundService[]): Finding[] {
  const kinds = [...new Set(members.map(({ security }) => security))].sort()
  if (kinds.length > 1) {
    const each = kinds.map((kind) => {
      const list = members.filter(({ security }) => security === kind)
      return `"${kind}": ${list.map(({ uuid, host }) => `${shortUuid(uuid)} at ${host}`).join(', ')}`
    })
    return [
      problem(
        `Services of the cluster have different kinds of security, and do not connect to each other (ERR_TCPNET_SECURITY): ${each.join('; ')}.`,
        'Give every service of the cluster the same secret, certificates of the same authority, or neither. Or give the two clusters different names.'
      )
    ]
  }
  const [kind] = kinds
  if (kind === 'secret' && !hasSecret)
    return [
      note(
        'The cluster is secured by a secret. None was given, so it was not checked whether all services have the same one.',
        'Give it with --secret-file, --ask-secret or TCPNET_SECRET.'
      )
    ]
  if (kind === 'none' && hasSecret)
    return [
      problem(
        'A secret was given, and the services of the cluster have none: they do not connect to services that have one (ERR_TCPNET_SECURITY).',
        'Give every service of the cluster the secret, or none of them.'
      )
    ]
  if (kind === 'tls') return [note('The cluster is secured by certificates, which were not checked.')]
  return [good(`All services of the cluster have the same kind of security: "${kind}".`)]
}

/** Whether services of this machine are announced only on interfaces without other members. */
function unshared(members: readonly FoundService[], isOwnService: (one: FoundService) => boolean): Finding[] {
  const interfacesOf = (one: FoundService) => new Set(one.addresses.map(({ interfaceName }) => interfaceName))
  const others = members.filter((one) => !isOwnService(one))
  const theirs = new Set(others.flatMap((one) => [...interfacesOf(one)]))
  if (others.length === 0) return []
  return members
    .filter((one) => isOwnService(one) && ![...interfacesOf(one)].some((name) => theirs.has(name)))
    .map((one) => {
      const own = one.addresses.map(({ address, interfaceName }) => `${address} (${interfaceName})`).join(', ')
      return problem(
        `The service ${shortUuid(one.uuid)} of this machine listens on ${own} only, where there is no other member: the others are on ${[...theirs].join(', ')}.`,
        `Have it listen without an address, or on one of ${[...theirs].join(', ')}.`
      )
    })
}

/** Whether the given address exists, on an interface with other members. */
function unsharedAddress(
  { address }: Goal,
  interfaces: readonly { name: string; addresses: readonly { address: string }[] }[],
  others: readonly FoundService[]
): Finding[] {
  if (address === null) return []
  const own = interfaces.find(({ addresses }) => addresses.some((one) => one.address === address))
  if (own === undefined)
    return [
      problem(
        `No interface of this machine has the address ${address}.`,
        'Give listen() an address that this machine has, or none.'
      )
    ]
  const theirs = [...new Set(others.flatMap(({ addresses }) => addresses.map(({ interfaceName }) => interfaceName)))]
  if (theirs.length === 0 || theirs.includes(own.name)) return []
  return [
    problem(
      `The address ${address} is on ${own.name}, where there is no other member: the others are on ${theirs.join(', ')}.`,
      `Listen without an address, or on one of ${theirs.join(', ')}.`
    )
  ]
}

/** Whether services have only addresses that are not on a link of this machine. */
function offLink(others: readonly FoundService[]): Finding[] {
  return others.flatMap((one) => {
    const paths = one.addresses.map(({ address, interfaceIndex }) => ({
      address,
      interfaceIndex,
      family: address.includes(':') ? (6 as const) : (4 as const)
    }))
    if (paths.some((path) => isOnLink(path) && !isOwn(path.address))) return []
    return [
      problem(
        `The service ${shortUuid(one.uuid)} at ${one.host} announces no address of a network of this machine (ERR_TCPNET_OFF_LINK): ${one.addresses.map(({ address }) => address).join(', ')}.`,
        'Give both hosts addresses of one network, or enable IPv6: link-local addresses are enough.'
      )
    ]
  })
}

function countsOf(services: readonly FoundService[]): string {
  const counts = new Map<string, number>()
  for (const { cluster } of services) counts.set(cluster, (counts.get(cluster) ?? 0) + 1)
  return [...counts].map(([name, count]) => `${name} (${count})`).join(', ')
}
