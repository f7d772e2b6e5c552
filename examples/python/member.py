#!/usr/bin/env python3
"""A member of a tcpnet cluster in Python, without `secret` and `tls`, written from docs/protocol.md alone.

    python3 member.py CLUSTER

It needs Linux, Python 3.11 and Avahi's tools avahi-publish and avahi-browse. It says hello to each peer and prints what peers say.
"""
import asyncio
import json
import random
import re
import secrets
import sys
import time

NAME, UUID, BOOT = sys.argv[1], secrets.token_hex(16).upper(), secrets.token_hex(8)
PORT = 0  # known once it listens
accepted = hellos = 0  # seq: hellos that were answered with ok, of all peers; dial: hellos that were sent
peers = {}
tasks = set()
FAILURES = (ValueError, OSError, EOFError, asyncio.LimitOverrunError, TimeoutError)


class Peer:
    def __init__(self, uuid):
        self.uuid = uuid
        self.places = {}  # (interface, family) -> (address, port): where it is announced
        self.dial = None  # the task of our dial, while there is one
        self.sent = False  # whether our dial's hello is sent
        self.held = None  # its own dial that waits for our answer
        self.connection = None  # writer, dialed (by us), seq, boot
        self.heard = None  # its latest hello, and when it came
        self.lost = asyncio.Event()  # set while there is no connection
        self.lost.set()
        self.keeper = None  # the task that dials it while it is announced


def is_count(value):
    return type(value) is int and 0 <= value < 2**32


def is_uuid(value):
    return isinstance(value, str) and re.fullmatch('[0-9A-Fa-f]{1,63}', value) is not None


def is_boot(value):
    return isinstance(value, str) and re.fullmatch('[0-9a-f]{16}', value) is not None


def rank(uuid):
    digits = uuid.lstrip('0')
    return len(digits), digits, uuid


def send(writer, **fields):
    writer.write(json.dumps({'tcpnet': 1, **fields}).encode() + b'\n')


async def read_object(reader):
    value = json.loads(await reader.readuntil(b'\n'))
    if not isinstance(value, dict):
        raise ValueError('no object')
    return value


def refusal(hello):
    if hello.get('tcpnet') != 1:
        return 'version'
    uuids = is_uuid(hello.get('from')) and is_uuid(hello.get('to'))
    if not (isinstance(hello.get('name'), str) and uuids and is_boot(hello.get('boot')) and is_count(hello.get('seq'))):
        return 'invalid'
    if hello['name'] != NAME:
        return 'name'
    if hello['to'].upper() != UUID:
        return 'not-me'
    return 'self' if hello['from'].upper() == UUID else None


async def on_inbound(reader, writer):
    global accepted
    try:
        async with asyncio.timeout(5):
            hello = await read_object(reader)
        if (reason := refusal(hello)) is not None:
            return send(writer, status='refused', reason=reason)
        uuid = hello['from'].upper()
        peer = peers.setdefault(uuid, Peer(uuid))
        if is_late(peer, hello) or not await wins(peer, hello, writer):
            return send(writer, status='connected')
        accepted += 1
        send(writer, status='ok', seq=accepted, boot=BOOT)
        await converse(peer, reader, {'writer': writer, 'dialed': False, 'seq': 0, 'boot': hello['boot']})
    except FAILURES:
        pass  # what is no hello gets no answer
    finally:
        writer.close()


def is_late(peer, hello):
    """Whether the dialer has given this dial up: it has sent a later hello."""
    if peer.heard is not None and time.monotonic() - peer.heard[1] < 60:
        before = peer.heard[0]
        if is_count(hello.get('dial')) and is_count(before.get('dial')):
            if before['boot'] == hello['boot'] and hello['dial'] < before['dial']:
                return True
    peer.heard = (hello, time.monotonic())
    return False


async def wins(peer, hello, writer):
    """The pairing rule: whether to answer `ok`; otherwise `connected`."""
    if peer.held is not None:
        peer.held.close()
    peer.held = writer
    while peer.dial is not None:
        if peer.sent and rank(UUID) > rank(peer.uuid):
            await asyncio.wait([peer.dial])
        else:
            peer.dial.cancel()
            peer.dial = None
    if peer.held is not writer:
        raise EOFError('the peer has dialed again')
    peer.held = None
    if (mine := peer.connection) is not None:
        if mine['boot'] == hello['boot'] and mine['dialed'] and hello['seq'] < mine['seq']:
            return False
        mine['writer'].close()
    return True


async def converse(peer, reader, connection):
    """What the application does with a connection."""
    peer.connection = connection
    peer.lost.clear()
    print('connected', peer.uuid, flush=True)
    try:
        connection['writer'].write(f'hello from {UUID}\n'.encode())
        while (line := await reader.readline()) != b'':
            print('heard', peer.uuid, line.decode().rstrip('\n'), flush=True)
    except FAILURES:
        pass
    finally:
        connection['writer'].close()
        print('lost', peer.uuid, flush=True)
        if peer.connection is connection:
            peer.connection = None
            peer.lost.set()


async def dial(peer):
    global hellos
    peer.sent = False
    writer = None
    try:
        async with asyncio.timeout(5):
            address, port = random.choice(list(peer.places.values()))
            reader, writer = await asyncio.open_connection(address, port, limit=4095)
            hellos += 1
            hello = {'name': NAME, 'from': UUID, 'boot': BOOT, 'to': peer.uuid}
            send(writer, **hello, seq=accepted, dial=hellos, port=PORT)
            peer.sent = True
            answer = await read_object(reader)
        seq, boot = answer.get('seq'), answer.get('boot')
        if answer.get('tcpnet') != 1 or answer.get('status') != 'ok' or not (is_count(seq) and is_boot(boot)):
            raise ValueError('declined')
        peer.dial = None
        background(converse(peer, reader, {'writer': writer, 'dialed': True, 'seq': seq, 'boot': boot}))
    except BaseException:
        if writer is not None:
            writer.close()
        if peer.dial is asyncio.current_task():
            peer.dial = None
        raise


async def keep(peer):
    """Dials a peer while it is announced and not connected."""
    failures = 0
    while True:
        begun = time.monotonic()
        if peer.connection is None and peer.dial is None:
            peer.dial = asyncio.create_task(dial(peer))
            await asyncio.wait([peer.dial])
        await peer.lost.wait()
        failures = 0 if time.monotonic() - begun >= 15 else failures + 1
        await asyncio.sleep(min(0.1 * 2 ** max(failures - 1, 0), 10) * random.uniform(0.75, 1))


def background(coroutine):
    task = asyncio.create_task(coroutine)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task


async def browse(output):
    """Reads the lines of avahi-browse: event;interface;family;name;type;domain, and of events `=` host;address;port;txt."""
    async for line in output:
        event, interface, family, uuid, *more = line.decode().strip().split(';')
        uuid = uuid.upper()
        if event not in '=-' or not is_uuid(uuid) or uuid == UUID:
            continue
        peer = peers.setdefault(uuid, Peer(uuid))
        if event == '-':
            peer.places.pop((interface, family), None)
            if not peer.places and peer.keeper is not None:
                peer.keeper.cancel()
                peer.keeper = None
            continue
        address, port, txt = more[3], int(more[4]), ';'.join(more[5:])
        if (re.search('"sec=([^"]*)"', txt) or [0, 'none'])[1] != 'none':
            continue
        scope = f'%{interface}' if address.lower().startswith('fe80:') else ''
        peer.places[interface, family] = (address + scope, port)
        peer.keeper = peer.keeper or background(keep(peer))


async def main():
    global PORT
    server = await asyncio.start_server(on_inbound, '0.0.0.0', limit=4095)
    PORT = server.sockets[0].getsockname()[1]
    service = f'_{NAME}._tcp'
    # The announcement ends with this process, however it ends.
    publish = ['setpriv', '--pdeathsig', 'KILL', 'avahi-publish', '-s', UUID, service, str(PORT), 'v=1', 'sec=none']
    await asyncio.create_subprocess_exec(*publish, stderr=asyncio.subprocess.DEVNULL)
    search = ['setpriv', '--pdeathsig', 'KILL', 'avahi-browse', '-rpk', service]
    browser = await asyncio.create_subprocess_exec(*search, stdout=asyncio.subprocess.PIPE)
    print('listening', UUID, PORT, flush=True)
    await browse(browser.stdout)


asyncio.run(main())
