import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeSettings } from './protocol.js'

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** A certificate of an authority that has issued no other, by openssl(1). */
export function certificate(): NonNullable<NodeSettings['tls']> {
  const folder = mkdtempSync(join(tmpdir(), 'tcpnet-bench-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  try {
    openssl('req', '-x509', ...KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=bench', '-days', '2')
    openssl('req', ...KEY, '-keyout', 'node.key', '-out', 'node.csr', '-subj', '/CN=node')
    writeFileSync(join(folder, 'node.ext'), 'basicConstraints=CA:FALSE\n')
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'node.ext', '-days', '1']
    openssl('x509', '-req', '-in', 'node.csr', '-out', 'node.pem', ...by)
    return { key: read('node.key'), cert: read('node.pem'), ca: read('ca.pem') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
