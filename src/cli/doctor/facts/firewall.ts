import { readFileSync } from 'node:fs'
import type { Firewall } from '../machine.js'
import { outputOf } from './command.js'

/** The firewall's rules on this machine, as far as they can be read: most can be read by root only. */
export async function readFirewall(): Promise<Firewall> {
  if (process.platform !== 'linux')
    return { nft: null, iptables: null, ufwEnabled: false, firewalldRunning: false, isRoot: isRoot() }
  const [nft, four, six, firewalld] = await Promise.all([
    outputOf('nft', ['list', 'ruleset']),
    outputOf('iptables-save', []),
    outputOf('ip6tables-save', []),
    outputOf('firewall-cmd', ['--state'])
  ])
  return {
    nft,
    iptables: four === null && six === null ? null : `${four ?? ''}${six ?? ''}`,
    ufwEnabled: /^ENABLED=yes/m.test(textOf('/etc/ufw/ufw.conf')),
    firewalldRunning: firewalld?.trim() === 'running',
    isRoot: isRoot()
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
