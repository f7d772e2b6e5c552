import { endpointOf, shortUuid } from '../../shown.js'
import { type Finding, findings } from '../finding.js'
import type { Check, Reached } from '../machine.js'

const { problem, warning, good } = findings('reach')

/** Whether the services of the cluster can be dialed, and accept this machine as a member. */
export const reach: Check = async (machine, goal) => {
  if (goal.name === null) return []
  const reached = await machine.reach()
  const services = new Map<string, Reached[]>()
  for (const one of reached) {
    const key = `${one.service.uuid}/${one.service.host}/${one.service.port}`
    services.set(key, [...(services.get(key) ?? []), one])
  }
  const found = [...services.values()].flatMap(serviceFindings)
  if (services.size > 0 && found.length === 0)
    found.push(
      good(
        `Each service of the cluster can be dialed at each of its addresses${goal.hasSecret ? ', and has the secret that was given' : ''}.`
      )
    )
  return found
}

function serviceFindings(attempts: readonly Reached[]): Finding[] {
  const [first] = attempts
  if (first === undefined) return []
  const { uuid, host, port } = first.service
  const who = `The service ${shortUuid(uuid)} at ${host}`
  const failed = attempts.filter(({ connect }) => connect !== 'ok')
  const found: Finding[] = []
  if (failed.length > 0) {
    const list = failed.map(({ address, connect }) => `${endpointOf(address, port)}: ${connect}`).join(', ')
    const severe = failed.length === attempts.length ? problem : warning
    const how = failed.length === attempts.length ? 'cannot be dialed' : 'cannot be dialed at some of its addresses'
    found.push(severe(`${who} ${how}: ${list}. ${causeOf(failed)}`, remedyOf(failed, port)))
  }
  for (const { hello } of attempts) if (hello !== null && hello !== 'ok') found.push(helloFinding(who, hello))
  return found
}

function causeOf(failed: readonly Reached[]): string {
  const codes = new Set(failed.map(({ connect }) => connect))
  if (codes.has('ETIMEDOUT'))
    return 'Packets to that TCP port are filtered at its host or on the way, or the host is gone.'
  if (codes.has('ECONNREFUSED'))
    return 'Nothing listens on that TCP port: the announcement is stale or that of another host, or a firewall rejects connections.'
  if (codes.has('EPERM') || codes.has('EACCES')) return "This machine's own firewall drops the connection."
  return 'The host cannot be reached: it is gone, or on another link.'
}

function remedyOf(failed: readonly Reached[], port: number): string {
  const codes = new Set(failed.map(({ connect }) => connect))
  if (codes.has('ETIMEDOUT'))
    return `Let TCP port ${port} in on its host: "ufw allow ${port}/tcp", "firewall-cmd --add-port=${port}/tcp" or "nft add rule inet filter input tcp dport ${port} accept". A service has a fixed port with listen(port).`
  if (codes.has('ECONNREFUSED')) return 'Check whether the service runs there, and run this on its host.'
  if (codes.has('EPERM') || codes.has('EACCES')) return `Let TCP to port ${port} out.`
  return 'Check whether the host is running, and whether both are on the same link.'
}

function helloFinding(who: string, { code, message }: { code: string; message: string }): Finding {
  switch (code) {
    case 'ERR_TCPNET_TLS':
      return problem(
        `${who} has another secret than the given one (${code}: ${message})`,
        'Give every service of the cluster the same secret. Check the file for an additional blank or line.'
      )
    case 'ERR_TCPNET_VERSION':
    case 'ERR_TCPNET_HELLO_INVALID':
      return problem(
        `${who} does not answer as a tcpnet service of this version (${code}: ${message})`,
        'Use one major version of tcpnet in a cluster, and check what listens on that port.'
      )
    default:
      return warning(
        `${who} accepts connections, but does not answer correctly (${code}: ${message})`,
        'See its log (NODE_DEBUG=tcpnet), and check whether its process hangs.'
      )
  }
}
