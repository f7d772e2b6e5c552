// Links in the documents have a target; those of pages in the package have one in the package, which has no tests, no scripts and
// not every page.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, normalize } from 'node:path/posix'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const { files: patterns } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] }
/** Without a slash, a pattern with one part matches in every folder. */
const files = patterns.map((pattern) => pattern.replace(/^\//, ''))
/** Files that npm always packs. */
const ALWAYS = ['README.md', 'LICENSE', 'package.json']
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)
].filter((name) => name.endsWith('.md'))

const withoutCode = (markdown: string): string => markdown.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, 'x')

/** The anchors of a page: its headings, as GitHub names them. */
function anchors(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/```[\s\S]*?```/g, '')
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  )
}

/** Whether a path is packed, or is a folder of which something is packed. */
function isPacked(path: string): boolean {
  return [...ALWAYS, ...files].some(
    (entry) => matchesGlob(path, entry) || path.startsWith(`${entry}/`) || entry.startsWith(`${path}/`)
  )
}

function matchesGlob(path: string, pattern: string): boolean {
  return new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`).test(path)
}

/** What is wrong with a link; null if nothing is. */
function objection(page: string, link: string): string | null {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : normalize(join(page, '..', path))
  if (!existsSync(join(root, target))) return 'has no target'
  if (isPacked(page) && !isPacked(target)) return 'has a target that is not in the package'
  if (anchor === undefined) return null
  return statSync(join(root, target)).isFile() && anchors(target).includes(anchor) ? null : 'has no such heading'
}

for (const page of pages) {
  test(`links in ${page}`, () => {
    const text = readFileSync(join(root, page), 'utf8')
    const found = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const wrong = found
      .filter((link) => !/^https?:/.test(link))
      .flatMap((link) => {
        const why = objection(page, link)
        return why === null ? [] : [`${link} ${why}`]
      })
    assert.deepEqual(wrong, [])
  })

  test(`pages that ${page} names without a link`, () => {
    const named = [...readFileSync(join(root, page), 'utf8').matchAll(/\bdocs\/[\w-]+\.md\b/g)].map(([path]) => path)
    assert.deepEqual(
      named.filter((path) => !existsSync(join(root, path))),
      []
    )
  })
}

test('docs/README.md, which shows the folder in the repository, links every page', () => {
  const index = readFileSync(join(root, 'docs/README.md'), 'utf8')
  const missing = readdirSync(join(root, 'docs')).filter(
    (name) => name !== 'README.md' && !index.includes(`](${name})`)
  )
  assert.deepEqual(missing, [])
})

test('every page of the package exists', () => {
  const listed = files.filter((entry) => entry.endsWith('.md'))
  assert.deepEqual(
    listed.filter((path) => !pages.includes(path)),
    []
  )
})
