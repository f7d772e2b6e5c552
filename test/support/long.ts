/**
 * Whether tests take their long form, for a run by hand on a machine with nothing else to do: a hundred restarts, ten cuts,
 * a minute's sleep, 10,000 false announcements, a bus that waits. `TCPNET_TEST_LONG=1 scripts/test test/mesh test/attack
 * test/native-life.test.ts` says so.
 */
export const LONG = process.env.TCPNET_TEST_LONG === '1'
