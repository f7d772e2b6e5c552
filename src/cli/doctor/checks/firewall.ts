import { type Finding, findings } from '../finding.js'
import type { Check, Firewall } from '../machine.js'
import { type BlockingRule, blocking } from './rules.js'

const { warning, note, good } = findings('firewall')

/** Whether this machine's firewall may drop packets of services, as far as its rules can be read. */
export const firewall: Check = async (machine) => {
  if (machine.platform !== 'linux') return []
  const state = await machine.firewall()
  const rules = blocking(state.nft, state.iptables)
  const found = rules.map(ruleFinding)
  if (rules.length === 0 && (state.nft !== null || state.iptables !== null))
    found.push(good("This machine's rules (nft, iptables) do not seem to drop multicast DNS or connections."))
  return [...found, ...managerFindings(state)]
}

function ruleFinding({ direction, rule, drops }: BlockingRule): Finding {
  const what = drops.map((one) => (one === 'mdns' ? 'multicast DNS' : 'TCP connections')).join(' and ')
  return warning(
    `This machine's firewall may drop ${what} that ${direction === 'in' ? 'come in' : 'go out'}: ${rule}`,
    drops.includes('mdns')
      ? 'Let UDP to and from port 5353 through, and the TCP ports that services listen on.'
      : 'Let the TCP ports that services listen on through; a service has a fixed one with listen(port).'
  )
}

function managerFindings({ nft, iptables, ufwEnabled, firewalldRunning, isRoot }: Firewall): Finding[] {
  const found: Finding[] = []
  if (nft === null && iptables === null)
    found.push(
      note(
        isRoot
          ? "The firewall's rules were not read: neither nft nor iptables-save is installed."
          : "The firewall's rules were not read: only root can read them. Run this as root as well."
      )
    )
  if (ufwEnabled)
    found.push(
      note(
        'ufw is enabled.',
        'If other hosts do not see this machine: "ufw allow 5353/udp", and "ufw allow <port>/tcp" for each service.'
      )
    )
  if (firewalldRunning)
    found.push(
      note(
        'firewalld is running.',
        'If other hosts do not see this machine: "firewall-cmd --add-service=mdns", and "--add-port=<port>/tcp" for each service.'
      )
    )
  return found
}
