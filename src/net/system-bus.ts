/**
 * The system bus's socket (D-Bus specification, "Well-known Message Bus Instances"); null if it is not a Unix socket
 * with a path.
 */
export function systemBusPath(environment: NodeJS.ProcessEnv): string | null {
  const address = environment.DBUS_SYSTEM_BUS_ADDRESS || 'unix:path=/var/run/dbus/system_bus_socket'
  for (const one of address.split(';')) {
    const [, key, value] = /^unix:(?:.*,)?(path|abstract)=([^,]*)/.exec(one) ?? []
    if (value === undefined) continue
    const path = decoded(value)
    return key === 'abstract' && path !== null ? `\0${path}` : path
  }
  return null
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
