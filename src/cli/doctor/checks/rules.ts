/** A rule, or a chain's policy, that drops packets. */
export interface BlockingRule {
  /** The direction of the packets that it drops. */
  readonly direction: 'in' | 'out'
  readonly rule: string
  /** What it may drop: multicast DNS, connections, or both. */
  readonly drops: readonly ('mdns' | 'tcp')[]
}

/** The rules of this machine that may drop multicast DNS or connections, as far as their text shows. */
export function blocking(nft: string | null, iptables: string | null): BlockingRule[] {
  return [...(nft === null ? [] : nftRules(nft)), ...(iptables === null ? [] : iptablesRules(iptables))]
}

interface Chain {
  readonly name: string
  readonly direction: 'in' | 'out'
  readonly policyDrops: boolean
  readonly rules: readonly string[]
}

function nftRules(ruleset: string): BlockingRule[] {
  return chainsOf(ruleset).flatMap(({ name, lines }) => {
    const [type = ''] = lines.filter((line) => /^type \w+ hook /.test(line))
    const direction = DIRECTIONS.get(/hook (\w+)/.exec(type)?.[1] ?? '')
    if (direction === undefined) return []
    return ofChain({
      name,
      direction,
      policyDrops: /policy drop/.test(type),
      rules: lines.filter((line) => line !== type)
    })
  })
}

/** The hooks that packets to and from this machine pass. */
const DIRECTIONS: ReadonlyMap<string, 'in' | 'out'> = new Map([
  ['prerouting', 'in'],
  ['input', 'in'],
  ['output', 'out'],
  ['postrouting', 'out']
])

/** The chains of a ruleset: nft writes one rule in a line, and a single brace at the end of a chain. */
function chainsOf(ruleset: string): { readonly name: string; readonly lines: readonly string[] }[] {
  const chains: { name: string; lines: string[] }[] = []
  let lines: string[] | null = null
  for (const line of ruleset.split('\n').map((text) => text.trim())) {
    const name = /^chain (\S+) \{$/.exec(line)?.[1]
    if (name !== undefined) {
      lines = []
      chains.push({ name, lines })
    }
    if (line === '}') lines = null
    else if (line !== '' && name === undefined) lines?.push(line)
  }
  return chains
}

function iptablesRules(saved: string): BlockingRule[] {
  const chains = (['INPUT', 'OUTPUT'] as const).map((name) => ({
    name,
    direction: name === 'INPUT' ? ('in' as const) : ('out' as const),
    policyDrops: new RegExp(`^:${name} DROP`, 'm').test(saved),
    rules: saved.split('\n').filter((line) => line.startsWith(`-A ${name} `))
  }))
  return chains.flatMap(ofChain)
}

function ofChain({ name, direction, policyDrops, rules }: Chain): BlockingRule[] {
  const found: BlockingRule[] = []
  for (const rule of rules) {
    if (!/\b(drop|reject)\b/i.test(rule)) continue
    const drops = dropsOf(rule)
    if (drops.length > 0) found.push({ direction, rule: oneLine(rule), drops })
  }
  if (!policyDrops) return found
  const accepts = rules.filter((rule) => /\baccept\b/i.test(rule)).join('\n')
  const drops = [
    ...(/5353|mdns|224\.0\.0\.251|ff02::fb|^accept$/m.test(accepts) ? [] : (['mdns'] as const)),
    ...(/tcp dport|-p tcp .*--dport|^accept$/m.test(accepts) ? [] : (['tcp'] as const))
  ]
  if (drops.length > 0) found.push({ direction, rule: `chain ${name}: policy drop`, drops })
  return found
}

/** What a dropping rule may drop, according to its conditions. */
function dropsOf(rule: string): ('mdns' | 'tcp')[] {
  const isUdp = /\budp\b/.test(rule)
  const isTcp = /\btcp\b/.test(rule)
  const isGroup = /224\.0\.0\.|ff0|multicast|igmp/i.test(rule)
  const port = /5353|mdns/.test(rule)
  // Rules for invalid connections and for other protocols do no harm.
  if (/ct state invalid|--ctstate INVALID|icmp|ct status/i.test(rule)) return []
  if (isTcp) return ['tcp']
  if (isUdp) return port || !/dport|sport|--[ds]port/.test(rule) ? ['mdns'] : []
  if (isGroup) return ['mdns']
  return /[ds]addr|-[sd] |iif|oif|-i |-o /.test(rule) && !port ? ['mdns', 'tcp'] : port ? ['mdns'] : ['mdns', 'tcp']
}

function oneLine(rule: string): string {
  return rule.replaceAll(/\s+/g, ' ').slice(0, 160)
}
