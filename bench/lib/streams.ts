import { fileURLToPath } from 'node:url'
import type { Host, Program } from '../../test/lab/index.js'
import { median, Samples } from './figures.js'
import type { StreamCommand, StreamPlan } from './stream-plan.js'

const PROGRAM = fileURLToPath(new URL('stream.js', import.meta.url))
const ANSWER_MS = 60_000
/** The kind of connection that the others are compared with: a plain net.Socket. */
export const BARE = 'bare'

export interface Throughput {
  kind: string
  mebibytesPerSecond: number
  /** The median over the rounds of the ratio to the bare connection. */
  ratio: number
}

/** Sends the plan's bytes through each kind of connection in turn, `rounds` times, from one host to the other. */
export async function throughput(
  [from, to]: readonly [Host, Host],
  plan: StreamPlan,
  rounds: number
): Promise<Throughput[]> {
  const start = (host: Host, role: string) => host.run([process.execPath, PROGRAM, role, JSON.stringify(plan)])
  const sink = await start(to, 'sink')
  const port = JSON.parse(await sink.line(/"port"/, 'the sink does not listen')).port as number
  const source = await start(from, 'source')
  const [first = ''] = Object.keys(plan.services)
  for (const kind of Object.keys(plan.services)) {
    await source.line(new RegExp(`"connected":"${kind}"`), `${kind}: no connection`, ANSWER_MS)
  }
  await ask(source, { do: 'dial', kind: BARE, like: first, port }, /^null/)
  const rates = await measure(source, [BARE, ...Object.keys(plan.services)], plan.bytes, rounds)
  for (const program of [source, sink]) await program.kill()
  const bare = rates.of(BARE)
  return rates.keys.map((kind) => {
    const ratios = rates.of(kind).map((rate, round) => rate / (bare[round] ?? Number.NaN))
    return { kind, mebibytesPerSecond: median(rates.of(kind)), ratio: median(ratios) }
  })
}

/** The rates, one a round for each kind, in MiB/s. The order changes from round to round; the first round does not count. */
async function measure(source: Program, kinds: string[], bytes: number, rounds: number): Promise<Samples> {
  const rates = new Samples()
  for (let round = 0; round <= rounds; round++) {
    const turned = kinds.map((_, i) => kinds[(i + round) % kinds.length] ?? BARE)
    for (const kind of turned) {
      const { ms } = JSON.parse(await ask(source, { do: 'send', kind }, /"ms"/)) as { ms: number }
      if (round > 0) rates.add(kind, bytes / 2 ** 20 / (ms / 1000))
    }
  }
  return rates
}

async function ask(program: Program, command: StreamCommand, answer: RegExp): Promise<string> {
  const from = program.lines.length
  program.write(JSON.stringify(command))
  return await program.line(answer, `no answer to ${command.do} ${command.kind}`, ANSWER_MS, from)
}
