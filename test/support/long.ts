/**
 * Whether tests take their longest form, for a run by hand on a machine with nothing else to do: a hundred restarts, ten cuts,
 * a minute's sleep, 10,000 false announcements, a bus that waits. `TCPNET_TEST_LONG=1 scripts/test test/e2e test/attack
 * test/native/life.lab.test.ts` says so.
 */
export const LONG = process.env.TCPNET_TEST_LONG === '1'

/**
 * Whether tests take their whole form, as at night and before a release (`scripts/test --whole`): over every driver also
 * where drivers do not differ, and more rounds of what one round shows as a rule.
 */
export const WHOLE = LONG || process.env.TCPNET_TEST_WHOLE === '1'
