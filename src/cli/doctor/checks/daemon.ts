import { type Finding, findings } from '../finding.js'
import type { BusState, Check, DaemonState, NetworkInterface } from '../machine.js'

const { problem, warning, note, good } = findings('daemon')

const START =
  'Start it: "systemctl start avahi-daemon" (without systemd: "rc-service avahi-daemon start", or "avahi-daemon -D").'
const INSTALL =
  'Install and start it: "apt-get install avahi-daemon", "dnf install avahi", "pacman -S avahi" or "apk add avahi".'
const EMBEDDED = ' If services are to do without a daemon, set the driver "embedded" (TCPNET_DRIVER=embedded).'

/** Whether avahi-daemon is installed, runs, answers, and belongs to this host. */
export const daemon: Check = async (machine, goal) => {
  if (machine.platform !== 'linux') return []
  if (goal.driver !== 'auto' && goal.driver !== 'avahi')
    return [note(`The driver is "${goal.driver}": avahi-daemon is not needed, and was not looked at.`)]
  const state = await machine.daemon()
  if (state.bus.kind !== 'there') return busFindings(state, goal.driver)
  return serviceFindings(state, await machine.interfaces(), goal.driver)
}

/** A problem, or with `auto` a warning, because services then work without a daemon. */
function missing(driver: string) {
  return driver === 'avahi'
    ? problem
    : (what: string, remedy: string) =>
        warning(`${what} "auto" takes the driver "embedded" in its place.`, remedy + EMBEDDED)
}

function busFindings({ bus, program }: DaemonState, driver: string): Finding[] {
  if (bus.kind === 'there') return []
  const found = [
    missing(driver)(
      `${BUS[bus.kind]} (${bus.path}: ${bus.said}), so that avahi-daemon cannot be asked.`,
      BUS_REMEDY[bus.kind]
    )
  ]
  if (program === null) found.push(missing(driver)('avahi-daemon is not installed either.', INSTALL))
  return found
}

type BusFault = Exclude<BusState['kind'], 'there'>

const BUS: Record<BusFault, string> = {
  missing: 'The D-Bus system bus is missing',
  denied: 'The D-Bus system bus does not let this process in',
  silent: 'The D-Bus system bus does not answer',
  failed: 'The D-Bus system bus cannot be used'
}

const BUS_REMEDY: Record<BusFault, string> = {
  missing:
    'Start D-Bus: "systemctl start dbus" (Alpine: "rc-service dbus start"), then avahi-daemon. In a container, start both there or share the host\'s bus: -v /run/dbus:/run/dbus.',
  denied:
    'Look for AppArmor, SELinux, a sandbox (snap, flatpak) or a user namespace that keeps this process from the bus.',
  silent: 'Look at the process dbus-daemon: it hangs or is stopped. Restart it, and then avahi-daemon.',
  failed: 'Check DBUS_SYSTEM_BUS_ADDRESS, and that D-Bus runs.'
}

function serviceFindings(state: DaemonState, interfaces: readonly NetworkInterface[], driver: string): Finding[] {
  const { service, program } = state
  switch (service.kind) {
    case 'unknown':
      return []
    case 'absent':
      return program === null
        ? [missing(driver)('avahi-daemon is not installed.', INSTALL)]
        : [missing(driver)(`avahi-daemon is installed (${program}), and is not running.`, START)]
    case 'silent': {
      const process = service.pid === null ? '' : ` (process ${service.pid})`
      const how = service.isStopped ? 'it is stopped (SIGSTOP), or frozen' : 'it hangs'
      return [
        missing(driver)(
          `avahi-daemon runs${process} and does not answer: ${how}.`,
          service.isStopped
            ? `Let it go on ("kill -CONT ${service.pid}"; a frozen container: thaw it), or restart it: "systemctl restart avahi-daemon".`
            : 'Restart it: "systemctl restart avahi-daemon".'
        )
      ]
    }
    case 'denied':
      return [
        problem(
          `D-Bus does not let this process talk to avahi-daemon: ${service.said}`,
          'Allow it in the D-Bus policy (/etc/dbus-1/system.d), or in the profile of AppArmor, snap or flatpak: org.freedesktop.Avahi.'
        )
      ]
    case 'answers':
      return answeringFindings(service, interfaces)
  }
}

function answeringFindings(
  { version, hostName, state, address }: Extract<DaemonState['service'], { kind: 'answers' }>,
  interfaces: readonly NetworkInterface[]
): Finding[] {
  const own = interfaces.flatMap(({ addresses }) => addresses.map((one) => one.address))
  if (address !== null && !own.includes(address)) {
    return [
      warning(
        `The avahi-daemon that answers on the bus is of another host, or in another network namespace: it is ${hostName}, at ${address}, which is no address of this machine. Services are announced under host names of their own.`,
        'See that the daemon is on a network of the services. If it is not, run one in the network namespace of the services, or set the driver "embedded" (TCPNET_DRIVER=embedded). docs/containers.md in the repository of tcpnet has more.'
      )
    ]
  }
  if (state === 4)
    return [
      problem(`avahi-daemon ${version} has failed.`, 'See its log ("journalctl -u avahi-daemon"), and restart it.')
    ]
  if (state === 1 || state === 3) {
    const why = state === 1 ? 'is still registering its host name' : 'finds its host name taken by another host'
    return [
      warning(
        `avahi-daemon ${version} ${why}: ${hostName}.`,
        'Wait a few seconds; if it stays so, give each host a name of its own.'
      )
    ]
  }
  return [good(`avahi-daemon answers: ${version}, host ${hostName}${address === null ? '' : ` at ${address}`}.`)]
}
