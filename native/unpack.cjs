// Called by binding.gyp: prints the folder of node-addon-api's headers. In the installed package it takes the sources out of
// sources.br first. In a checkout they are there already.
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
// The package's own headers, before what the application has by that name, which may be of any age.
console.log(existsSync(join(__dirname, 'vendor/napi.h')) ? 'vendor' : require('node-addon-api').include_dir)
