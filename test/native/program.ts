/**
 * Uses the addon without the package, as the tests tell it: a command for each line of standard input, an event for
 * each line of standard output. It ends when its input ends.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { addon } from '#tcpnet/addon.js'
import type { Location, Session, SessionOptions } from '#tcpnet/discovery/session.js'

export type Command =
  | { do: 'open'; id: string; options: SessionOptions }
  | { do: 'close'; id: string }
  | { do: 'locate'; id: string; session: string; uuid: string }
  | { do: 'query'; id: string; host: string; interfaceIndex: number; timeoutMs: number }
  | { do: 'usage'; id: string }
  /** Blocks the event loop until something is written to the named pipe. */
  | { do: 'hold'; id: string; pipe: string }

const sessions = new Map<string, Session>()

function tell(id: string, event: object): void {
  console.log(JSON.stringify({ id, ...event }))
}

function run(command: Command): void {
  const { id } = command
  switch (command.do) {
    case 'open':
      sessions.set(
        id,
        addon().openSession(command.options, (event) => tell(id, event))
      )
      return
    case 'close':
      sessions.get(id)?.close(() => tell(id, { type: 'closed' }))
      return
    case 'locate':
      return locate(id, command.session, command.uuid)
    case 'query':
      addon().queryAddresses(command.host, command.interfaceIndex, command.timeoutMs, (error, addresses) =>
        tell(id, { type: 'addresses', error, addresses })
      )
      return
    case 'hold':
      tell(id, { type: 'held' })
      readFileSync(command.pipe)
      return tell(id, { type: 'released' })
    case 'usage':
      return tell(id, { type: 'usage', ...usage() })
  }
}

/** Asks a session where an instance is; gives up after two seconds. */
function locate(id: string, session: string, uuid: string): void {
  const end = (location: Location | null) => {
    clearTimeout(timer)
    takeBack?.()
    tell(id, { type: 'located', location })
  }
  const timer = setTimeout(() => end(null), 2000)
  const takeBack = sessions.get(session)?.locate(uuid, end)
}

/** The resources in which a leak would show. */
function usage(): { files: number; threads: number; kilobytes: number } {
  const status = readFileSync('/proc/self/status', 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1])
  return { files: readdirSync('/proc/self/fd').length, threads: field('Threads'), kilobytes: field('VmRSS') }
}

for await (const line of createInterface({ input: process.stdin })) run(JSON.parse(line) as Command)
