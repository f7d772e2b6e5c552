// docs/containers.md and examples/containers: each recipe's commands and files, run on hosts of a laboratory.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { labTest, type Program } from '../lab/index.js'
import { containersIn, containersOf, Engine, EXAMPLES } from '../support/containers.js'
import { WHOLE } from '../support/long.js'

const page = readFileSync(new URL('../../../docs/containers.md', import.meta.url), 'utf8')
const read = (file: string): string => readFileSync(`${EXAMPLES}${file}`, 'utf8')
const MET_MS = 30_000

/** The recipes of the page: the driver of each member, and the commands. */
const recipes = [...page.matchAll(/^## (.*)$|<!-- drivers: (.*) -->\n\n```sh\n([\s\S]*?)```/gm)].flatMap(
  ([, heading, drivers, commands], i, all) => {
    if (heading !== undefined || drivers === undefined || commands === undefined) return []
    const [, title = ''] = all.slice(0, i).findLast(([, above]) => above !== undefined) ?? []
    return [{ title, drivers: JSON.parse(drivers) as Record<string, string>, containers: containersIn(commands) }]
  }
)

/** Each member has met all others. */
async function allMeet(members: readonly Program[]): Promise<void> {
  for (const member of members) {
    const others = new Set<string>()
    while (others.size < members.length - 1) {
      const isNew = (line: string) => line.startsWith('met ') && !others.has(line)
      others.add(await member.line(isNew, 'a member is not met', MET_MS, 0))
    }
  }
}

test('the page has its recipes, which name containers that they run', () => {
  assert.equal(recipes.length, 5)
  for (const { drivers, containers } of recipes) {
    const members = containers.filter(({ image }) => image === 'member').map(({ name }) => name)
    assert.deepEqual(members, Object.keys(drivers))
  }
})

test('the page shows the compose file and the workflow as they are', () => {
  for (const file of ['compose.yaml', 'workflow.yaml'])
    assert.ok(page.includes(`\`\`\`yaml\n${read(file)}\`\`\``), file)
})

labTest('the workflow: the compose file, until its tests have passed', async (lab) => {
  const { jobs } = parse(read('workflow.yaml')) as { jobs: Record<string, { steps: { run?: string }[] }> }
  const commands = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []))
  assert.deepEqual(commands, ['docker compose up --build --exit-code-from test'])
  const programs = await new Engine(lab).run(containersOf(read('compose.yaml')))
  const exit = await programs.get('test')?.exit
  assert.deepEqual(exit, { code: 0, signal: null }, programs.get('test')?.stderr)
  for (const name of ['one', 'two']) {
    await programs.get(name)?.line((line) => line === 'announced by avahi', name, MET_MS, 0)
  }
})

describe('recipes', { skip: !WHOLE && 'in the whole form alone' }, () => {
  for (const { title, drivers, containers } of recipes) {
    labTest(title, async (lab) => {
      const programs = await new Engine(lab).run(containers)
      const members = Object.entries(drivers).map(([name, driver]) => {
        return { program: programs.get(name) ?? assert.fail(name), driver }
      })
      await allMeet(members.map(({ program }) => program))
      for (const { program, driver } of members) {
        await program.line((line) => line === `announced by ${driver}`, `not by ${driver}`, MET_MS, 0)
        assert.deepEqual([await program.kill('SIGTERM'), program.stderr], [{ code: 0, signal: null }, ''])
      }
    })
  }
})
