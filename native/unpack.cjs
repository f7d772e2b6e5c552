// Called by binding.gyp: prints the folder of node-addon-api's headers. In the installed package it first unpacks the
// sources from sources.br, which a checkout has as files.
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { brotliDecompressSync } = require('node:zlib')

if (!existsSync(join(__dirname, 'node/addon.cc'))) {
  const packed = JSON.parse(brotliDecompressSync(readFileSync(join(__dirname, 'sources.br'))).toString())
  for (const [path, text] of Object.entries(packed)) {
    mkdirSync(join(__dirname, dirname(path)), { recursive: true })
    writeFileSync(join(__dirname, path), text)
  }
}
// Prefers the package's own headers: the application's node-addon-api may have any version.
console.log(existsSync(join(__dirname, 'vendor/napi.h')) ? 'vendor' : require('node-addon-api').include_dir)
