import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'

/** The commands that the lab needs, and the Debian package of each. */
const TOOLS = [
  ['unshare', 'util-linux'],
  ['nsenter', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['mount', 'mount'],
  ['hostname', 'hostname'],
  ['ip', 'iproute2'],
  ['nft', 'nftables'],
  ['dbus-daemon', 'dbus'],
  ['avahi-daemon', 'avahi-daemon']
] as const

/**
 * Kernel settings that can forbid plain users to make namespaces: the value that forbids it, and the command that
 * allows it.
 */
const LOCKS = [
  ['kernel/unprivileged_userns_clone', '0', 'sysctl kernel.unprivileged_userns_clone=1'],
  ['kernel/apparmor_restrict_unprivileged_userns', '1', 'sysctl kernel.apparmor_restrict_unprivileged_userns=0'],
  ['user/max_user_namespaces', '0', 'sysctl user.max_user_namespaces=10000']
] as const

/** No lab can be made on this machine. The message says what is missing and what to do. */
export class LabUnavailable extends Error {
  override readonly name = 'LabUnavailable'
}

let answer: Promise<LabUnavailable | undefined> | undefined

/** The reason why no lab can be made here; undefined if one can. Checked once per process. */
export function isUnavailable(): Promise<LabUnavailable | undefined> {
  answer ??= reason().then((text) => (text === undefined ? undefined : new LabUnavailable(`no lab here: ${text}`)))
  return answer
}

async function reason(): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    return `network namespaces are Linux's, this is ${process.platform}`
  }
  if ((await readlink('/proc/self')) !== String(process.pid)) {
    return '/proc here has the process ids of another process namespace; mount the own one'
  }
  const missing = await missingTools()
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, name]) => name))].join(' ')
    const tools = missing.map(([tool]) => tool).join(', ')
    return `${tools} not found; run scripts/setup, or "apt-get install ${packages}"`
  }
  return (await missingFamily()) ?? (await missingRight())
}

async function missingFamily(): Promise<string | undefined> {
  const isThere = await access('/proc/net/if_inet6').then(
    () => true,
    () => false
  )
  return isThere ? undefined : 'the kernel has no IPv6; start it without ipv6.disable=1'
}

async function missingTools(): Promise<(typeof TOOLS)[number][]> {
  const folders = `${process.env.PATH ?? ''}:/usr/bin:/bin:/usr/sbin:/sbin`.split(':').filter(Boolean)
  const isThere = (path: string) =>
    access(path, constants.X_OK).then(
      () => true,
      () => false
    )
  const found = await Promise.all(
    TOOLS.map(async ([tool]) =>
      (await Promise.all(folders.map((folder) => isThere(`${folder}/${tool}`)))).some(Boolean)
    )
  )
  return TOOLS.filter((_, i) => !found[i])
}

async function missingRight(): Promise<string | undefined> {
  const isRoot = process.geteuid?.() === 0
  const namespaces = ['--net', '--mount', '--uts', '--pid', '--fork', ...(isRoot ? [] : ['--user', '--map-root-user'])]
  try {
    await promisify(execFile)('unshare', [...namespaces, 'mount', '-t', 'tmpfs', 'none', '/run'], { timeout: 10_000 })
    return undefined
  } catch (err) {
    const said = err instanceof Error && 'stderr' in err ? String(err.stderr).trim() : String(err)
    return `the kernel refuses namespaces (${said}); ${await remedy(isRoot)}`
  }
}

async function remedy(isRoot: boolean): Promise<string> {
  if (isRoot) {
    return 'root needs CAP_SYS_ADMIN and CAP_NET_ADMIN: in a container, start it with both, or as privileged'
  }
  const closed = await Promise.all(
    LOCKS.map(async ([name, value]) => (await readFile(`/proc/sys/${name}`, 'utf8').catch(() => '')).trim() === value)
  )
  const commands = LOCKS.filter((_, i) => closed[i]).map(([, , command]) => `"${command}"`)
  return commands.length === 0
    ? 'run as root, or allow user namespaces to this user'
    : `run as root, or let root run ${commands.join(' and ')}`
}
