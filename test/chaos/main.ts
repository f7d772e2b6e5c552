// Runs schedules by hand, one for each seed.
//   scripts/chaos [--seconds 180] [--hosts 4] [--drivers avahi,bonjour,embedded] [--program PATH] [--quiet] SEED...
import { count, options } from '../support/options.js'
import { runChaos } from './chaos.js'
import { CHAOS_DRIVERS, type ChaosPlan, scheduleOf } from './schedule.js'

const { values, positionals } = options(
  import.meta.url,
  {
    seconds: { type: 'string', default: '180' },
    hosts: { type: 'string', default: '4' },
    drivers: { type: 'string', default: 'avahi' },
    program: { type: 'string' },
    quiet: { type: 'boolean', default: false }
  },
  { allowPositionals: true }
)
const durationMs = count('seconds', values.seconds) * 1000
const hosts = count('hosts', values.hosts)

const drivers = values.drivers.split(',').map((name) => {
  const driver = CHAOS_DRIVERS.find((one) => one === name)
  if (driver === undefined) throw new Error(`--drivers has to be of ${CHAOS_DRIVERS.join(', ')}.`)
  return driver
})

async function one(plan: ChaosPlan): Promise<boolean> {
  const { seed } = plan
  const steps = scheduleOf(plan)
  const log: string[] = []
  const note = (line: string) => {
    log.push(line)
    if (!values.quiet) console.log(line)
  }
  try {
    const { connections, echoed, wholeAfterMs } = await runChaos({ plan, steps, program: values.program, log: note })
    console.log(
      `seed ${seed}: ${steps.length} steps, ${connections} connections, ${echoed} echoes unaltered, full mesh again after ${wholeAfterMs} ms`
    )
    return true
  } catch (error) {
    if (values.quiet) console.log(log.join('\n'))
    console.log(`seed ${seed} FAILED: ${error instanceof Error ? error.message : error}`)
    console.log(
      `again: scripts/chaos --seconds ${values.seconds} --hosts ${values.hosts} --drivers ${values.drivers} ${seed}`
    )
    return false
  }
}

const failed: number[] = []
for (const seed of positionals.map(Number)) {
  const plan = { seed, durationMs, hosts, drivers }
  if (!(await one(plan))) failed.push(seed)
}
if (failed.length > 0) console.log(`failed: ${failed.join(' ')}`)
// Ends the process even if a lab could not be closed on a busy machine.
process.exit(failed.length > 0 ? 1 : 0)
