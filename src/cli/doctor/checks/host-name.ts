import { findings } from '../finding.js'
import type { Check } from '../machine.js'

const { warning, note } = findings('host-name')

/** Whether this host has its own name on the network. */
export const hostName: Check = async (machine) => {
  if (machine.platform !== 'linux') return []
  const { service } = await machine.daemon()
  if (service.kind !== 'answers') return []
  const [label = ''] = service.hostName.split('.')
  const [own = ''] = machine.hostName.split('.')
  const numbered = /^(.*)-\d+$/.exec(label)
  if (numbered !== null && numbered[1]?.toLowerCase() === own.toLowerCase())
    return [
      warning(
        `This host is "${label}.local" on the network: another host has the name "${own}".`,
        'Give each host a name of its own: "hostnamectl set-hostname <name>", and restart avahi-daemon. Cloned machines and containers often share one.'
      )
    ]
  return label.toLowerCase() === own.toLowerCase()
    ? []
    : [note(`This host is "${label}.local" on the network, and "${own}" to itself.`)]
}
