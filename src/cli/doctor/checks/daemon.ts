import { type Finding, findings } from '../finding.js'
import type { BusState, Check, DaemonState, NetworkInterface } from '../machine.js'

const { problem, warning, note, good } = findings('daemon')

const START =
  'Start it: "systemctl start avahi-daemon" (without systemd: "rc-service avahi-daemon start", or "avahi-daemon -D").'
const INSTALL =
  'Install and start it: "apt-get install avahi-daemon", "dnf install avahi", "pacman -S avahi" or "apk add avahi".'
const EMBEDDED = ' If services are to work without a daemon, set the driver "embedded" (TCPNET_DRIVER=embedded).'

/** Whether avahi-daemon is installed, runs, answers, and belongs to this host. */
export const daemon: Check = async (machine, goal) => {
  if (machine.platform !== 'linux') return []
  if (goal.driver !== 'auto' && goal.driver !== 'avahi')
    return [note(`The driver is "${goal.driver}": avahi-daemon is not needed, and was not checked.`)]
  const state = await machine.daemon()
  if (state.bus.kind !== 'there') return busFindings(state, goal.driver)
  return serviceFindings(state, await machine.interfaces(), goal.driver)
}

/** A problem, or with `auto` a warning, because services then work without a daemon. */
function missing(driver: string) {
  return driver === 'avahi'
    ? problem
    : (what: string, remedy: string) => warning(`${what} "auto" uses the driver "embedded" instead.`, remedy + EMBEDDED)
}

function busFindings({ bus, program }: DaemonState, driver: string): Finding[] {
  if (bus.kind === 'there') return []
  const found = [
    missing(driver)(
      `${BUS[bus.kind]} (${bus.path}: ${bus.said}), so avahi-daemon cannot be asked.`,
      BUS_REMEDY[bus.kind]
    )
  ]
  if (program === null) found.push(missing(driver)('avahi-daemon is not installed either.', INSTALL))
  return found
}

type BusFault = Exclude<BusState['kind'], 'there'>

const BUS: Record<BusFault, string> = {
  missing: 'The D-Bus system bus is missing',
  denied: 'The D-Bus system bus denies access to this process',
  silent: 'The D-Bus system bus does not answer',
  failed: 'The D-Bus system bus cannot be used'
}

const BUS_REMEDY: Record<BusFault, string> = {
  missing:
    'Start D-Bus: "systemctl start dbus" (Alpine: "rc-service dbus start"), then avahi-daemon. In a container, start both there or share the host\'s bus: -v /run/dbus:/run/dbus.',
  denied:
    'Look for AppArmor, SELinux, a sandbox (snap, flatpak) or a user namespace that denies this process access to the bus.',
  silent: 'The process dbus-daemon hangs or is stopped. Restart it, and then avahi-daemon.',
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
        : [missing(driver)(`avahi-daemon is installed (${program}), but is not running.`, START)]
    case 'silent': {
      const process = service.pid === null ? '' : ` (process ${service.pid})`
      const how = service.isStopped ? 'it is stopped (SIGSTOP), or frozen' : 'it hangs'
      return [
        missing(driver)(
          `avahi-daemon runs${process}, but does not answer: ${how}.`,
          service.isStopped
            ? `Continue it ("kill -CONT ${service.pid}"; a frozen container: thaw it), or restart it: "systemctl restart avahi-daemon".`
            : 'Restart it: "systemctl restart avahi-daemon".'
        )
      ]
    }
    case 'denied':
      return [
        problem(
          `D-Bus denies this process access to avahi-daemon: ${service.said}`,
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
        `The avahi-daemon on the bus is that of another host or network namespace: it is ${hostName} at ${address}, which is not an address of this machine. Services are announced under their own host names.`,
        'Check that the daemon is on a network of the services. If it is not, run one in the network namespace of the services, or set the driver "embedded" (TCPNET_DRIVER=embedded). See docs/containers.md in the repository of tcpnet.'
      )
    ]
  }
  if (state === 4)
    return [
      problem(`avahi-daemon ${version} has failed.`, 'See its log ("journalctl -u avahi-daemon"), and restart it.')
    ]
  if (state === 1 || state === 3) {
    const why = state === 1 ? 'is still registering its host name' : 'has the same host name as another host'
    return [
      warning(
        `avahi-daemon ${version} ${why}: ${hostName}.`,
        'Wait a few seconds. If this does not change, give each host its own name.'
      )
    ]
  }
  return [good(`avahi-daemon answers: ${version}, host ${hostName}${address === null ? '' : ` at ${address}`}.`)]
}
