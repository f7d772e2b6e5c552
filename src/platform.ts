/** The name of this platform as in the prebuilt binaries, with the C library on Linux: `linux-x64 (musl)`. */
export function platformName(): string {
  const name = `${process.platform}-${process.arch}`
  return process.platform === 'linux' ? `${name} (${libc()})` : name
}

/**
 * The C library that this runtime is linked to. Its ELF header names the dynamic loader (PT_INTERP). `process.report` would
 * contain it as well, but first looks up the host names of all addresses that the process is connected to.
 */
function libc(): 'glibc' | 'musl' | 'unknown libc' {
  const { closeSync, openSync, readSync } = process.getBuiltinModule('node:fs')
  try {
    const file = openSync(process.execPath, 'r')
    const head = Buffer.alloc(2048)
    readSync(file, head, 0, head.length, 0)
    closeSync(file)
    if (head.includes('/ld-musl-')) return 'musl'
    return head.includes('/ld-linux') ? 'glibc' : 'unknown libc'
  } catch {
    return 'unknown libc'
  }
}
