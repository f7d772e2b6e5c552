// Links in the documents have a target, even in the installed package, which has no tests and no scripts.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, normalize } from 'node:path/posix'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] }
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

function isPacked(path: string): boolean {
  return [...ALWAYS, ...files].some((entry) => path === entry || path.startsWith(`${entry}/`))
}

/** What is wrong with a link; null if nothing is. */
function objection(page: string, link: string): string | null {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : normalize(join(page, '..', path))
  if (!existsSync(join(root, target))) return 'has no target'
  if (!isPacked(target)) return 'has a target that is not in the package'
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
    assert.ok(isPacked(page), 'the page is in the package')
  })
}
