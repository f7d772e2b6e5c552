import type { Options } from './arguments.js'
import type { Command } from './command.js'

/** The options of commands that join the cluster. */
const MEMBER = {
  driver: { type: 'string' },
  'secret-file': { type: 'string' },
  'ask-secret': { type: 'boolean' },
  uuid: { type: 'string' },
  address: { type: 'string' },
  port: { type: 'string' }
} as const satisfies Options

/** The options of all commands. */
const ALL = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const satisfies Options

export const COMMANDS: Readonly<Record<string, Command>> = {
  join: {
    options: {
      ...ALL,
      ...MEMBER,
      once: { type: 'boolean' },
      peers: { type: 'string' },
      wait: { type: 'string' },
      stay: { type: 'boolean' }
    },
    operands: 1,
    load: async () => (await import('./join.js')).run
  },
  list: {
    options: { ...ALL, watch: { type: 'boolean' }, wait: { type: 'string' } },
    operands: 1,
    load: async () => (await import('./list.js')).run
  },
  watch: {
    options: { ...ALL, ...MEMBER, interval: { type: 'string' } },
    operands: 1,
    load: async () => (await import('./watch.js')).run
  },
  doctor: {
    options: {
      ...ALL,
      driver: { type: 'string' },
      'secret-file': { type: 'string' },
      'ask-secret': { type: 'boolean' },
      uuid: { type: 'string' },
      address: { type: 'string' }
    },
    operands: 1,
    load: async () => (await import('./doctor/doctor.js')).run
  }
}
