import { type Finding, findings } from '../finding.js'
import type { Check } from '../machine.js'
import { isUsable } from './interfaces.js'

const { problem, warning, good } = findings('announcement')

/**
 * Whether an announced service is found on every interface, and whether this machine's addresses can be dialed from
 * here.
 */
export const announcement: Check = async (machine) => {
  const trial = await machine.trial()
  if (trial.error !== null || trial.driver === 'memory') return []
  const { interfaces } = await machine.survey()
  const usable = (await machine.interfaces()).filter((one) => !one.loopback && isUsable(one)).map(({ name }) => name)
  const looked = interfaces.filter(({ name }) => usable.includes(name))
  const [seen, unseen] = [looked.filter(({ foundTrial }) => foundTrial), looked.filter(({ foundTrial }) => !foundTrial)]
  const found: Finding[] = []
  if (seen.length > 0) found.push(good(`A service that this machine announced was found on ${names(seen)}.`))
  if (unseen.length > 0 && seen.length === 0)
    found.push(
      problem(
        `A service that this machine announced was not found on ${names(unseen)}: its announcements do not reach the network.`,
        "See the findings about multicast, the firewall and the daemon's configuration (disable-publishing)."
      )
    )
  else if (unseen.length > 0)
    found.push(
      warning(
        `A service that this machine announced was not found on ${names(unseen)}.`,
        'The daemon may not use that interface: see allow-interfaces and deny-interfaces in its configuration.'
      )
    )
  for (const { address, code } of trial.undialable)
    found.push(
      problem(
        `A connection from this machine to its own address ${address} failed: ${code}.`,
        "Look for a rule of this machine's firewall that drops TCP, also on the loopback interface."
      )
    )
  if (trial.undialable.length === 0 && trial.addresses.length > 0)
    found.push(good(`Each address of this machine can be dialed from here: ${trial.addresses.join(', ')}.`))
  return found
}

function names(interfaces: readonly { name: string }[]): string {
  return interfaces.map(({ name }) => name).join(', ')
}
