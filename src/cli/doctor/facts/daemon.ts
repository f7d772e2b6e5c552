import { accessSync, constants, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { systemBusPath } from '../../../net/system-bus.js'
import type { BusState, DaemonState } from '../machine.js'
import { Bus, BusError, BusTimeout, THE_BUS } from './dbus.js'
import type { DbusMessage, DbusValue } from './dbus-message.js'

/** Milliseconds for one answer. */
const ANSWER_MS = 1000
/** Milliseconds for the daemon to report the contents of its cache. */
const BROWSE_MS = 300
const AVAHI = 'org.freedesktop.Avahi'
const SERVER = { destination: AVAHI, path: '/', interface: 'org.freedesktop.Avahi.Server' } as const
/** Flags of a browse result (avahi-common/defs.h). */
const [LOCAL, OUR_OWN] = [8, 16]
const FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin']

/** The state of avahi-daemon, asked over D-Bus as its client library does. */
export async function readDaemon(name: string | null): Promise<DaemonState> {
  const path = systemBusPath(process.env) ?? '(of a kind that is not known here)'
  const signals: DbusMessage[] = []
  const opened = await open(path, (signal) => signals.push(signal))
  const common = { program: programPath() }
  if (!(opened instanceof Bus))
    return { ...common, bus: opened, service: { kind: 'unknown' }, config: readConfig(null) }
  try {
    const pid = processOf(await pidOf(opened))
    const service = await serviceState(opened, pid, name, signals)
    return { ...common, bus: { kind: 'there' }, service, config: readConfig(pid) }
  } finally {
    opened.close()
  }
}

async function open(path: string, onSignal: (message: DbusMessage) => void): Promise<Bus | BusState> {
  try {
    return await Bus.open(path, ANSWER_MS, onSignal)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const shown = { path, said: message }
    if (error instanceof BusTimeout) return { kind: 'silent', ...shown }
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return { kind: 'missing', ...shown }
    return { kind: code === 'EACCES' || error instanceof BusError ? 'denied' : 'failed', ...shown }
  }
}

async function pidOf(bus: Bus): Promise<number | null> {
  const call = { ...THE_BUS, member: 'GetConnectionUnixProcessID', signature: 's', values: [AVAHI] }
  return await bus.call(call, ANSWER_MS).then(
    ([pid]) => Number(pid),
    () => null
  )
}

async function serviceState(
  bus: Bus,
  pid: number | null,
  name: string | null,
  signals: readonly DbusMessage[]
): Promise<DaemonState['service']> {
  try {
    await bus.call({ ...THE_BUS, member: 'GetNameOwner', signature: 's', values: [AVAHI] }, ANSWER_MS)
    const ask = async (member: string) => (await bus.call({ ...SERVER, member }, ANSWER_MS))[0] ?? ''
    const [version, hostName, state] = [
      await ask('GetVersionString'),
      await ask('GetHostNameFqdn'),
      await ask('GetState')
    ]
    return {
      kind: 'answers',
      version: String(version),
      hostName: String(hostName),
      state: Number(state),
      address: await addressOf(bus, String(hostName)),
      hasHeard: name === null ? [] : await cached(bus, name, signals)
    }
  } catch (error) {
    if (error instanceof BusTimeout) return { kind: 'silent', pid, isStopped: isStopped(pid) }
    if (error instanceof BusError && /NameHasNoOwner|ServiceUnknown/.test(error.busName)) return { kind: 'absent' }
    return { kind: 'denied', said: (error as Error).message }
  }
}

/** The address of the daemon's own host, of any interface and family. */
async function addressOf(bus: Bus, hostName: string): Promise<string | null> {
  const call = { ...SERVER, member: 'ResolveHostName', signature: 'iisiu', values: [-1, -1, hostName, -1, 0] }
  return await bus.call(call, ANSWER_MS).then(
    (values) => String(values[4] ?? ''),
    () => null
  )
}

/** The interface index of each service of the cluster on another host that is in the daemon's cache. */
async function cached(bus: Bus, name: string, signals: readonly DbusMessage[]): Promise<number[]> {
  const values: DbusValue[] = [-1, -1, `_${name}._tcp`, 'local', 0]
  const call = { ...SERVER, member: 'ServiceBrowserNew', signature: 'iissu', values }
  const browses = await bus.call(call, ANSWER_MS).then(
    () => true,
    () => false
  )
  if (!browses) return []
  await new Promise((resolve) => setTimeout(resolve, BROWSE_MS))
  return signals
    .filter(({ member, values }) => member === 'ItemNew' && (Number(values[5]) & (LOCAL | OUR_OWN)) === 0)
    .map(({ values }) => Number(values[0]))
}

function programPath(): string | null {
  const { PATH = '' } = process.env
  const folders = new Set([...PATH.split(':'), ...FOLDERS])
  for (const folder of folders) {
    try {
      accessSync(`${folder}/avahi-daemon`, constants.X_OK)
      return `${folder}/avahi-daemon`
    } catch {
      // Not there.
    }
  }
  return null
}

/** The daemon's process. The id from the bus is not valid here if the bus is in another process namespace. */
function processOf(pid: number | null): number | null {
  return pid !== null && isDaemon(pid) ? pid : runningHere()
}

function isDaemon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'avahi-daemon'
  } catch {
    return false
  }
}

/** The process of a daemon in this network namespace; null if none is found. */
function runningHere(): number | null {
  try {
    const own = readlinkSync('/proc/self/ns/net')
    return (
      readdirSync('/proc')
        .filter((entry) => /^\d+$/.test(entry))
        .map(Number)
        .find((pid) => isDaemon(pid) && namespaceOf(pid) === own) ?? null
    )
  } catch {
    return null
  }
}

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function namespaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return null
  }
}

/** Whether a process was stopped by a signal, or by a debugger. */
function isStopped(pid: number | null): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}

/** The configuration of the running daemon, or else the default one. */
function readConfig(pid: number | null): DaemonState['config'] {
  const command = pid === null ? [] : commandOf(pid)
  const at = command.findIndex((argument) => argument === '-f' || argument === '--file')
  const named = command.find((argument) => argument.startsWith('--file='))?.slice('--file='.length)
  const file = named ?? (at >= 0 ? command[at + 1] : undefined) ?? '/etc/avahi/avahi-daemon.conf'
  try {
    return { file, text: readFileSync(file, 'utf8') }
  } catch {
    return null
  }
}
