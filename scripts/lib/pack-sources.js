// Makes native/sources.br: the addon's C++ sources and the headers of node-addon-api in one compressed file, which
// native/unpack.cjs unpacks when the addon is compiled. Uncompressed they would be larger than all other files of the
// package.
//   node scripts/lib/pack-sources.js
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

const HEADERS = ['LICENSE.md', 'napi.h', 'napi-inl.h', 'napi-inl.deprecated.h']

const sources = readdirSync('native', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(cc|h)$/.test(path) && !/^(vendor|build)\//.test(path))
  .sort()
const files = [
  ...sources.map((path) => [path, join('native', path)]),
  ...HEADERS.map((name) => [`vendor/${name}`, join('node_modules/node-addon-api', name)])
]
const contents = Object.fromEntries(files.map(([path, from]) => [path, readFileSync(from, 'utf8')]))
writeFileSync('native/sources.br', brotliCompressSync(JSON.stringify(contents)))
