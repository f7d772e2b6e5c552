import { counted } from '../../shown.js'
import { type Finding, findings } from '../finding.js'
import type { Check, Firewall, Goal, InterfaceSurvey, Machine, Survey } from '../machine.js'
import { isUsable } from './interfaces.js'
import { blocking } from './rules.js'

const { problem, warning, note, good } = findings('multicast')

const LET_IN =
  'Let in UDP to port 5353 (224.0.0.251, ff02::fb) and UDP from port 5353: "ufw allow 5353/udp", "firewall-cmd --add-service=mdns --permanent" or an nft rule "udp dport 5353 accept".'
const LET_OUT = 'Let out UDP to port 5353 (224.0.0.251, ff02::fb).'
const SWITCH =
  ' If no host filters it: a switch or access point does. Turn off IGMP snooping, or turn on an IGMP querier; turn off client isolation and multicast suppression.'

/** Whether multicast DNS messages are sent and received on every interface. */
export const multicast: Check = async (machine, goal) => {
  const survey = await machine.survey()
  const firewall = await machine.firewall()
  const usable = (await machine.interfaces()).filter((one) => !one.loopback && isUsable(one))
  const looked = survey.interfaces.filter(({ name }) => usable.some((one) => one.name === name))
  const found = troubleFindings(
    survey.troubles.filter(({ interfaceName }) => usable.some(({ name }) => name === interfaceName))
  )
  const isRefused = (name: string) =>
    survey.troubles.some(({ interfaceName, step, by }) => interfaceName === name && step === 'send' && by === 'unicast')
  for (const one of looked)
    if (!isRefused(one.name)) found.push(...(await interfaceFindings(one, { machine, goal, firewall, looked })))
  return found
}

/** The error codes of sending without a route, or with one that is unreachable, prohibited or a black hole. */
const UNROUTED = ['ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL']

/** The findings for failed system calls. */
function troubleFindings(troubles: Survey['troubles']): Finding[] {
  const seen = new Set<string>()
  return troubles.flatMap(({ interfaceName, family, by, step, error: { code = '', message } }) => {
    const key = `${interfaceName}/${step}/${code}/${step === 'bind' ? by : ''}`
    if (seen.has(key)) return []
    seen.add(key)
    const where = `on ${interfaceName} over IPv${family}`
    if (step === 'send' && code === 'EPERM')
      return [
        problem(
          `Multicast is filtered out: this machine's own firewall drops packets to port 5353 ${where} (EPERM).`,
          LET_OUT
        )
      ]
    if (step === 'send' && UNROUTED.includes(code))
      return [
        problem(
          `There is no route for multicast ${where}: ${message}`,
          `Add one: "ip route add 224.0.0.0/4 dev ${interfaceName}" or "ip -6 route add ff00::/8 dev ${interfaceName} table local".`
        )
      ]
    if (step === 'bind' && by === 'multicast' && code === 'EADDRINUSE')
      return [
        warning(
          'A program does not share port 5353: multicast answers cannot be received, and the driver "embedded" cannot be used.',
          'Find it ("ss -ulpn sport = :5353"), and let it share the port; avahi-daemon: disallow-other-stacks=no.'
        )
      ]
    return [
      warning(
        `Multicast DNS cannot be ${step === 'bind' ? 'received' : 'sent'} ${where}: ${message}`,
        'See the log of the system: a sandbox or a policy may forbid it.'
      )
    ]
  })
}

interface Looked {
  readonly machine: Machine
  readonly goal: Goal
  readonly firewall: Firewall
  readonly looked: readonly InterfaceSurvey[]
}

async function interfaceFindings(one: InterfaceSurvey, context: Looked): Promise<Finding[]> {
  const { name, unicastFrom, multicastFrom, multicastAnswers, heardItself } = one
  const rules = quoted(context.firewall)
  if (!heardItself)
    return [
      problem(
        `Multicast is filtered in: this machine does not receive its own messages to the group on ${name}, so its own firewall drops packets to UDP port 5353.${rules}`,
        LET_IN
      )
    ]
  if (unicastFrom.length > 0 && multicastFrom.length > 0) return await workingFindings(one, context.machine)
  if (unicastFrom.length > 0)
    return [
      problem(
        `Multicast is filtered in on ${name}: ${unicastFrom.join(', ')} answered questions by unicast, but no message of other hosts to the group is received.${rules}`,
        LET_IN + SWITCH
      )
    ]
  if (multicastAnswers.length > 0)
    return [
      warning(
        `Answers to one-shot queries are filtered in on ${name}: ${multicastAnswers.join(', ')} answered by multicast, but no packet from UDP port 5353 reaches an ephemeral port of this machine. Services are found late.${rules}`,
        'Let in UDP from port 5353, to any port: an nft rule "udp sport 5353 accept".'
      )
    ]
  return [await silentFinding(one, context)]
}

async function workingFindings({ name, unicastFrom, multicastFrom }: InterfaceSurvey, machine: Machine) {
  const heard = [...new Set([...unicastFrom, ...multicastFrom])]
  const own = (await machine.interfaces()).find((one) => one.name === name)?.addresses ?? []
  const hosts = counted(heard.length, 'address', 'addresses')
  return [
    good(`Multicast DNS works on ${name}: messages from ${hosts} of other hosts were received.`),
    ...familyFindings(name, heard, new Set(own.map(({ family }) => family)))
  ]
}

/** The finding if no host answers questions to the group: they are filtered, or there is no other host. */
async function silentFinding(one: InterfaceSurvey, { machine, goal, firewall, looked }: Looked): Promise<Finding> {
  const { name, multicastFrom, answeredDirectly, neighbours } = one
  const known = await heardByDaemon(name, machine)
  const evidence = [
    multicastFrom.length > 0 ? `${multicastFrom.join(', ')} is heard here` : '',
    answeredDirectly.length > 0 ? `${answeredDirectly.join(', ')} answers when it is asked directly` : '',
    known > 0 ? `the daemon has heard of ${counted(known, 'other service')} of "${goal.name}"` : ''
  ].filter((text) => text !== '')
  if (evidence.length > 0)
    return problem(
      `Multicast is filtered out on ${name}: no host answers questions to the group, although ${evidence.join(' and ')}.${quoted(firewall)}`,
      LET_OUT + SWITCH
    )
  const hasOthers = looked.some(({ unicastFrom, multicastFrom }) => unicastFrom.length + multicastFrom.length > 0)
  // Hosts behind the interface of a VPN or of containers often have no multicast DNS.
  const severe = hasOthers ? note : warning
  if (neighbours.length > 0)
    return severe(
      `Multicast DNS is filtered on ${name}, in or out, or no other host uses it: ${neighbours.join(', ')} ${neighbours.length > 1 ? 'are' : 'is'} on the link, but no answer from UDP port 5353 is received.${quoted(firewall)}`,
      `${LET_IN} Let the same out. Do this on the other hosts as well, and check that avahi-daemon runs there.${SWITCH}`
    )
  return severe(
    `No message of another host was received on ${name}, and no other host is known there.`,
    `Start another host with multicast DNS there. If there is one, it is on another network or VLAN, or all packets between the two are filtered.${SWITCH}`
  )
}

/** The number of services of other hosts on an interface that the daemon knows. */
async function heardByDaemon(name: string, machine: Machine): Promise<number> {
  if (machine.platform !== 'linux') return 0
  const index = (await machine.interfaces()).find((one) => one.name === name)?.index
  const { service } = await machine.daemon()
  return service.kind === 'answers' ? service.hasHeard.filter((one) => one === index).length : 0
}

function quoted({ nft, iptables }: Firewall): string {
  const rules = blocking(nft, iptables).map(({ rule }) => rule)
  return rules.length === 0 ? '' : ` Rules of this machine that may drop them: ${rules.slice(0, 3).join('; ')}.`
}

/** Whether messages of other hosts are received over one family only, although this machine has both. */
function familyFindings(name: string, heard: readonly string[], families: ReadonlySet<4 | 6>): Finding[] {
  const isSix = (address: string) => address.includes(':')
  if (families.size < 2) return []
  if (heard.every(isSix))
    return [
      warning(
        `Multicast DNS works on ${name} over IPv6 only: no message of another host is received over IPv4.`,
        'If other hosts have IPv4: let UDP to and from port 5353 (224.0.0.251) through over IPv4 as well; avahi-daemon: use-ipv4=yes.'
      )
    ]
  if (heard.some(isSix)) return []
  return [
    note(`Multicast DNS works on ${name} over IPv4 only: no message of another host is received over IPv6 (ff02::fb).`)
  ]
}
