import { type Finding, findings } from '../finding.js'
import type { Check, NetworkInterface } from '../machine.js'

const { problem, warning, note, good } = findings('interfaces')

/** Names of the interfaces of VPNs, containers and virtual machines. */
const VIRTUAL =
  /^(tun|tap|wg|ppp|utun|tailscale|zt|docker|br-|veth|virbr|vmnet|vboxnet|cni|flannel|cali|lxc|lxd|podman|ipsec|nordlynx)/
/** The minimum MTU of IPv6 (RFC 8200 §5). */
const LEAST_MTU = 1280

/** Which interfaces multicast DNS can use. */
export const interfaces: Check = async (machine) => {
  const all = (await machine.interfaces()).filter(({ loopback }) => !loopback)
  const usable = all.filter(isUsable)
  const found = all.flatMap((one) => (isUsable(one) ? usableFindings(one) : faultOf(one, usable.length > 0)))
  if (usable.length > 0) return found
  const what =
    all.length === 0
      ? 'There is no network interface but loopback: only services on this machine are found.'
      : 'No network interface can be used for multicast DNS: only services on this machine are found.'
  return [
    ...found,
    problem(what, 'Connect the machine, or the container, to a network: bring an interface up and give it an address.')
  ]
}

/** Whether multicast can be sent on an interface. */
export function isUsable({ up, running, multicast, addresses }: NetworkInterface): boolean {
  return up && running && multicast && addresses.length > 0
}

function usableFindings({ name, addresses, mtu, pointToPoint }: NetworkInterface): Finding[] {
  const listed = addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(', ')
  const found = [good(`${name} is up and can be used for multicast: ${listed}.`)]
  if (VIRTUAL.test(name) || pointToPoint)
    found.push(
      note(
        `${name} looks like that of a VPN, of containers or of virtual machines: multicast often ends there, and hosts behind it are not on the link.`,
        `If services are not to use it, let them listen on the address of another interface.`
      )
    )
  if (mtu !== null && mtu < LEAST_MTU)
    found.push(
      warning(
        `${name} has an MTU of ${mtu} bytes, less than IPv6 requires: large answers are lost.`,
        `Raise it: "ip link set ${name} mtu 1500".`
      )
    )
  else if (mtu !== null && mtu > 1500)
    found.push(note(`${name} has an MTU of ${mtu} bytes: all hosts of the link need the same.`))
  if (addresses.every(({ family }) => family === 6))
    found.push(note(`${name} has only IPv6 addresses: hosts with only IPv4 cannot be reached from it.`))
  return found
}

/** Why an interface cannot be used. One without an address is only noted if there are others. */
function faultOf({ name, up, running, multicast, addresses }: NetworkInterface, hasOthers: boolean): Finding[] {
  const severe = VIRTUAL.test(name) || (hasOthers && addresses.length === 0) ? note : hasOthers ? warning : problem
  if (!up)
    return [
      severe(
        `The interface ${name} is down.`,
        `Bring it up: "ip link set ${name} up". Check why it is down: "nmcli device", cable, rfkill.`
      )
    ]
  if (!running)
    return [
      severe(
        `The interface ${name} has no carrier: the cable is out, or the radio has no link.`,
        'Plug it in, or connect it to the wireless network.'
      )
    ]
  if (addresses.length === 0)
    return [
      severe(
        `The interface ${name} has no address.`,
        `Give it one (DHCP: "nmcli device connect ${name}", "dhclient ${name}"), or enable IPv6: a link-local address is enough.`
      )
    ]
  if (!multicast)
    return [
      severe(
        `The interface ${name} does not support multicast.`,
        `Turn it on, if the link supports it: "ip link set ${name} multicast on".`
      )
    ]
  return []
}
