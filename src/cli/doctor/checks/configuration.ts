import { type Finding, findings } from '../finding.js'
import type { Check, DaemonState } from '../machine.js'

const { problem, warning, note, good } = findings('configuration')

/** Settings of avahi-daemon.conf(5) that prevent services from being found. */
export const configuration: Check = async (machine, goal) => {
  if (machine.platform !== 'linux' || (goal.driver !== 'auto' && goal.driver !== 'avahi')) return []
  const { config } = await machine.daemon()
  if (config === null) return []
  const settings = parse(config.text)
  const found = RULES.flatMap(([key, rule]) => {
    const value = settings.get(key)
    return value === undefined ? [] : rule(value, `${key}=${value} in ${config.file}`)
  })
  return found.length > 0
    ? found
    : [good(`The configuration of avahi-daemon (${config.file}) does not prevent services from being found.`)]
}

type Rule = (value: string, where: string) => Finding[]

const isYes = (value: string) => ['yes', 'true', '1', 'on'].includes(value)
const isNo = (value: string) => ['no', 'false', '0', 'off'].includes(value)
const RESTART = 'and restart avahi-daemon'

const RULES: readonly (readonly [string, Rule])[] = [
  [
    'disable-publishing',
    (value, where) =>
      isYes(value) ? [problem(`The daemon does not announce anything: ${where}.`, `Set it to no, ${RESTART}.`)] : []
  ],
  [
    'disable-user-service-publishing',
    (value, where) =>
      isYes(value)
        ? [problem(`The daemon does not announce the services of programs: ${where}.`, `Set it to no, ${RESTART}.`)]
        : []
  ],
  [
    'publish-addresses',
    (value, where) =>
      isNo(value)
        ? [
            problem(
              `The daemon does not announce addresses, so services cannot be dialed: ${where}.`,
              `Set it to yes, ${RESTART}.`
            )
          ]
        : []
  ],
  [
    'use-ipv4',
    (value, where) =>
      isNo(value)
        ? [
            warning(
              `The daemon does not use IPv4: ${where}.`,
              `Set it to yes, ${RESTART}, unless all hosts of the link have IPv6.`
            )
          ]
        : []
  ],
  [
    'use-ipv6',
    (value, where) =>
      isNo(value)
        ? [note(`The daemon does not use IPv6: ${where}. Hosts without a common IPv4 network do not see each other.`)]
        : []
  ],
  [
    'allow-interfaces',
    (_value, where) => [
      note(`The daemon uses only some interfaces: ${where}.`, `If one is missing, add it there, ${RESTART}.`)
    ]
  ],
  [
    'deny-interfaces',
    (_value, where) => [
      note(
        `The daemon does not use some interfaces: ${where}.`,
        `If one of them is needed, remove it there, ${RESTART}.`
      )
    ]
  ],
  ['allow-point-to-point', () => []],
  [
    'disallow-other-stacks',
    (value, where) =>
      isYes(value)
        ? [
            note(
              `The daemon does not share port 5353: ${where}. The driver "embedded" cannot be used at the same time.`
            )
          ]
        : []
  ],
  [
    'domain-name',
    (value, where) =>
      value === 'local'
        ? []
        : [
            problem(
              `The daemon announces services in another domain than "local": ${where}.`,
              `Set it to local, ${RESTART}.`
            )
          ]
  ]
]

/** The settings by name, of all sections, without those in comments. */
function parse(text: NonNullable<DaemonState['config']>['text']): Map<string, string> {
  const settings = new Map<string, string>()
  for (const [, key = '', value = ''] of text.matchAll(/^[ \t]*([a-z0-9-]+)[ \t]*=[ \t]*(.*?)[ \t]*$/gm))
    settings.set(key, value)
  return settings
}
