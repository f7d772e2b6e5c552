// The code, test and capture of each rule in docs/embedded.md exist, and the page names every capture.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const root = new URL('../../../', import.meta.url)
const page = readFileSync(new URL('docs/embedded.md', root), 'utf8')

/** The sections of RFC 6762 that the driver implements. */
const SECTIONS =
  '5.1 5.2 5.3 5.4 6 6.1 6.2 6.3 6.4 6.5 6.6 6.7 7.1 7.2 7.3 7.4 8.1 8.2 8.3 8.4 9 10 10.1 10.2 10.3 10.4 11 14 15.1 15.2 16 17 18'

/** The cells of the table's rows, without the header. */
const rules = page
  .split('\n')
  .filter((line) => /^\| [\d., ]+ \|/.test(line))
  .map((line) => line.slice(2, -2).split(' | '))

const at = (folder: string, path = '') => (/^(src|test)\//.test(path) ? path : `${folder}/${path}`)
const isThere = (path: string) => existsSync(new URL(path, root))

test('docs/embedded.md has a rule for each section', () => {
  const named = new Set(rules.flatMap(([sections = '']) => sections.split(', ')))
  assert.deepEqual(
    SECTIONS.split(' ').filter((section) => !named.has(section)),
    []
  )
})

test('the code, the test and the capture of each rule exist', () => {
  for (const [section, , code = '', proof = '', capture = ''] of rules) {
    const [, source] = code.match(/^`(.+)`$/) ?? []
    assert.ok(isThere(at('src/discovery/drivers/embedded', source)), `§${section}: ${code}`)
    const [, file, name = ''] = proof.match(/^`(.+)` "(.+)"$/) ?? []
    const path = at('test/unit/embedded', file)
    assert.ok(isThere(path) && readFileSync(new URL(path, root), 'utf8').includes(`'${name}'`), `§${section}: ${proof}`)
    const [, target] = capture.match(/^`(.+)`$/) ?? []
    assert.ok(isThere(at('test/unit/embedded', target)), `§${section}: ${capture}`)
  }
})

for (const folder of ['test/unit/embedded/captures/', 'test/e2e/captures/']) {
  test(`docs/embedded.md names every capture of ${folder}`, () => {
    const files = readdirSync(new URL(folder, root))
    assert.ok(files.length > 20)
    assert.deepEqual(
      files.filter((file) => !page.includes(`/${file}\``) && !page.includes(`| \`${file}\``)),
      []
    )
  })
}

/** An answer without the parts that always differ, which the page lists above its table. */
function common(answer: string): string[] {
  const lines = answer.split('\n').filter((line) => line.trim() !== '' && !line.includes('LINK-LOCAL'))
  return lines.map((line) => line.replace(/^ +[+=] /, '').replace(/(PTR _judged\S+) \d+ s/, '$1')).sort()
}

test('docs/embedded.md explains each difference to avahi-daemon', () => {
  let rows = 0
  for (const [, name = '', why = ''] of page.matchAll(/^\| `([^/`]+)\.txt` .* \| (.+) \|$/gm)) {
    rows++
    const capture = readFileSync(new URL(`test/e2e/captures/${name}.txt`, root), 'utf8')
    const [, ours = '', theirs = ''] = capture.split(/^(?:embedded|avahi-daemon)$/m)
    const isAlike = JSON.stringify(common(ours)) === JSON.stringify(common(theirs))
    // Answers may differ only in their delay, which is not in a capture.
    if (!isAlike || name !== 'more-does-not-follow') assert.equal(why.startsWith('the same'), isAlike, name)
  }
  assert.equal(rows, readdirSync(new URL('test/e2e/captures/', root)).length)
})
