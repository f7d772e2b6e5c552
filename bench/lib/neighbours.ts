import type { Host } from '../../test/lab/index.js'

/**
 * Sets the hardware addresses of the other hosts on each host. The kernel has one neighbour table for all network
 * namespaces, by default for 1,024 addresses of each family, which fifty hosts exceed: then packets are lost. Permanent
 * entries do not count.
 */
export async function introduce(hosts: readonly Host[]): Promise<void> {
  const lines = await Promise.all(hosts.map(neighbourOf))
  await Promise.all(
    hosts.map(async (host, own) => {
      const others = lines.flatMap((line, i) => (i === own ? [] : line))
      await host.exec(['ip', '-batch', '-'], { input: `${others.join('\n')}\n` })
    })
  )
}

/** The ip(8) commands that add the entries of a host. */
async function neighbourOf(host: Host): Promise<string[]> {
  const { ipv4, ipv6, ipv6LinkLocal, name } = host.interface()
  const [link] = JSON.parse(await host.exec(['ip', '-json', 'link', 'show', 'dev', name])) as { address: string }[]
  const addresses = [ipv4, ipv6, ipv6LinkLocal].filter((address) => address !== undefined)
  return addresses.map((address) => `neigh replace ${address} lladdr ${link?.address} dev ${name} nud permanent`)
}
