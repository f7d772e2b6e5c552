// Makes native/sources.br: the addon's C++ sources and the headers of node-addon-api in one compressed file, which
// native/unpack.cjs unpacks when the addon is compiled. Uncompressed they would be larger than all other files of the
// package. Comments and indentation are left out; lines keep their numbers, for the errors of a compiler.
//   node scripts/lib/pack-sources.js
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

const HEADERS = ['LICENSE.md', 'napi.h', 'napi-inl.h']
/** A comment, or what may contain something that looks like one: a string, a number with separators, a character. */
const TOKENS = /\/\/.*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|\d[\w'.]*|'(?:\\.|[^'\\\n])*'/g

function withoutComments(text) {
  const code = text.replace(TOKENS, (token) => (/^\/[/*]/.test(token) ? ` ${token.replace(/[^\n]+/g, '')}` : token))
  return code.replace(/^[ \t]+|[ \t]+$/gm, '')
}

/** What is packed of a file. */
function textOf(file) {
  const text = readFileSync(file, 'utf8')
  return file.endsWith('.md') ? text : withoutComments(text)
}

const sources = readdirSync('native', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(cc|h)$/.test(path) && !/^(vendor|build)\//.test(path))
  .sort()
const files = [
  ...sources.map((path) => [path, join('native', path)]),
  ...HEADERS.map((name) => [`vendor/${name}`, join('node_modules/node-addon-api', name)])
]
const contents = Object.fromEntries(files.map(([path, from]) => [path, textOf(from)]))
writeFileSync('native/sources.br', brotliCompressSync(JSON.stringify(contents)))
