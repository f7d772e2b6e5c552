import type { Host } from '../../test/lab/index.js'

/**
 * Tells each host the hardware addresses of the others. The kernel has one table of neighbours for all network namespaces,
 * by default for 1,024 addresses of each family, which fifty hosts exceed: then packets are lost. What is told for good does
 * not count.
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

/** The commands of ip(8) that tell of a host. */
async function neighbourOf(host: Host): Promise<string[]> {
  const { ipv4, ipv6, ipv6LinkLocal, name } = host.interface()
  const [link] = JSON.parse(await host.exec(['ip', '-json', 'link', 'show', 'dev', name])) as { address: string }[]
  const addresses = [ipv4, ipv6, ipv6LinkLocal].filter((address) => address !== undefined)
  return addresses.map((address) => `neigh replace ${address} lladdr ${link?.address} dev ${name} nud permanent`)
}
