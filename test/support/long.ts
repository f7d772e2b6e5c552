/**
 * Whether tests take their longest form, for a run by hand on an idle machine: a hundred restarts, ten cuts, a minute's
 * sleep, 10,000 false announcements, the full time-out of the bus. Run with `TCPNET_TEST_LONG=1
 * TCPNET_TEST_TIMEOUT_MS=3600000 scripts/test test/e2e
 * test/attack test/native/life.lab.test.ts`.
 */
export const LONG = process.env.TCPNET_TEST_LONG === '1'

/**
 * Whether tests take their whole form, as in the nightly run and before a release (`scripts/test --whole`): every
 * driver, even in tests in which drivers do not differ, and more rounds.
 */
export const WHOLE = LONG || process.env.TCPNET_TEST_WHOLE === '1'
