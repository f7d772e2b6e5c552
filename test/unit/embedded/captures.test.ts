// The captures that docs/embedded.md names equal the output of their scenes. TCPNET_WRITE_CAPTURES=1 writes them
// (scripts/captures).
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ANSWERING } from './rules-answering.js'
import { OTHERS } from './rules-others.js'
import { type Rule, Scene } from './scene.js'

const folder = new URL('../../../../test/unit/embedded/captures/', import.meta.url)
const RULES: Record<string, Rule> = { ...ANSWERING, ...OTHERS }
const KEY =
  '< received, > sent by multicast or to an address, * reported, - done; ? question, = answer, ! authority, + additional. In ms.'

function captureOf({ section, says, play }: Rule): string {
  const scene = new Scene()
  play(scene)
  return `RFC 6762 ${section}. ${says}\n${KEY}\n\n${scene.text}`
}

describe('the output of the scene equals the capture:', () => {
  for (const [name, rule] of Object.entries(RULES)) {
    it(name, () => {
      const [file, text] = [new URL(`${name}.txt`, folder), captureOf(rule)]
      if (process.env.TCPNET_WRITE_CAPTURES === '1') writeFileSync(file, text)
      assert.equal(text, readFileSync(file, 'utf8'))
    })
  }

  it('each capture has a scene', () => {
    assert.deepEqual(
      readdirSync(folder).sort(),
      Object.keys(RULES)
        .map((name) => `${name}.txt`)
        .sort()
    )
  })
})
