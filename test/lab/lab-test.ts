import assert from 'node:assert/strict'
import { after, before, type TestContext, test } from 'node:test'
import { Lab } from './lab.js'
import { closeLab, withLab } from './with-lab.js'

/**
 * For the option `{ skip }` of a test that needs a lab: the reason why there is none. In CI it is always false: a
 * missing lab is a failure.
 */
export const skipWithoutLab: string | false =
  process.env.CI === 'true' ? false : ((await Lab.unavailable())?.message ?? false)

/** A test with a lab of its own, which leaves nothing behind. */
export function labTest(name: string, body: (lab: Lab, t: TestContext) => Promise<void>): void {
  test(name, { skip: skipWithoutLab }, (t) => withLab((lab) => body(lab, t)))
}

/**
 * A lab that the tests of a file or of a describe() share. `setUp` runs before the first, and the lab is closed after
 * the last.
 */
export function sharedLab<T>(setUp: (lab: Lab) => Promise<T>): { readonly lab: Lab; readonly hosts: T } {
  let lab: Lab | undefined
  let made: { hosts: T } | undefined
  before(async () => {
    if (skipWithoutLab === false) {
      lab = await Lab.create()
      made = { hosts: await setUp(lab) }
    }
  })
  after(async () => {
    if (lab !== undefined) {
      await closeLab(lab)
    }
  })
  return {
    get lab() {
      return lab ?? assert.fail('the lab exists only within tests')
    },
    get hosts() {
      return (made ?? assert.fail('the hosts exist only within tests')).hosts
    }
  }
}
