// The programs that the laboratory's own tests run on its hosts.
import type { Host, Program } from './index.js'

export const NODE = process.execPath

/** Listens on every address, prints how it ends with each connection, and echoes. */
const ECHO = `
  require('node:net').createServer((socket) => {
    console.log('connected')
    socket.on('error', (err) => console.log(err.code)).on('close', () => console.log('closed')).pipe(socket)
  }).listen(7000, () => console.log('listening'))`

/**
 * Connects to an address within a number of milliseconds. Sends each line that it reads, prints each answer and how it
 * ends.
 */
const TALK = `
  const [, host, timeout] = process.argv
  const socket = require('node:net').connect({ host, port: 7000, timeout: Number(timeout ?? 0) })
  socket.on('connect', () => { console.log('connected'); socket.setTimeout(0); process.stdin.pipe(socket) })
  socket.on('timeout', () => { console.log('no answer'); process.exit() })
  socket.on('error', (err) => console.log(err.code)).on('close', () => { console.log('closed'); process.exit() })
  socket.pipe(process.stdout)`

export async function echo(host: Host): Promise<Program> {
  const program = await host.run([NODE, '-e', ECHO])
  await program.line(/listening/, `the echo on ${host.name} does not listen`)
  return program
}

/** An open connection to the echo at that address, which sends each line that is written to it. */
export async function talkTo(from: Host, address: string): Promise<Program> {
  const program = await from.run([NODE, '-e', TALK, address])
  await program.line(/^connected/, `${from.name} has no connection to ${address}`)
  return program
}

/** Resolves when a connection is made. The first one may have to wait for ARP or neighbour discovery. */
export async function reach(from: Host, address: string): Promise<void> {
  const talk = await talkTo(from, address)
  await talk.kill()
}

/** Resolves when an attempt has failed, or was not answered for a second. */
export async function cannotReach(from: Host, address: string): Promise<void> {
  const talk = await from.run([NODE, '-e', TALK, address, '1000'])
  await talk.line(/^(no answer|EHOSTUNREACH)$/, `${from.name} reaches ${address}`)
  await talk.exit
}

export async function publish(host: Host, name: string): Promise<Program> {
  const program = await host.run(['avahi-publish', '-s', name, '_lab._tcp', '7000'])
  await program.errorLine(/^Established/, `avahi on ${host.name} did not publish ${name}`)
  return program
}

export async function browse(host: Host): Promise<Program> {
  return await host.run(['avahi-browse', '--parsable', '--resolve', '_lab._tcp'])
}

export async function sees(browser: Program, interfaceName: string, name: string): Promise<string> {
  const found = new RegExp(`^=;${interfaceName};[^;]*;${name};`)
  return await browser.line(found, `${name} is not seen on ${interfaceName}`)
}
