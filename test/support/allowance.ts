import { Allowance, ConnectBudget } from '#tcpnet/mesh/connect-budget.js'

/** The allowance of a dial that nothing bounds. */
export function unlimited(): Allowance {
  return new Allowance(new ConnectBudget(), () => true)
}
