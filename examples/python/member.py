"""A member of a cluster without `secret` and `tls`, written from docs/protocol.md alone.

    python3 member.py CLUSTER

It keeps one connection with every other member, says hello on each, and prints a line for each event:

    listening UUID      it listens and is announced, under an identity made at random
    connected UUID      there is a connection with this peer
    heard UUID TEXT     the peer has sent this line
    lost UUID           the connection with this peer has ended

SIGTERM and SIGINT end it. It needs Linux, Python 3.11, and Avahi with its tools (Debian: avahi-daemon, avahi-utils).
Comments name sections of the page. All of it runs on one event loop: nothing changes between two `await`s, and so
each decision of the pairing rule is about one moment.
"""

import asyncio, collections, contextlib, ctypes, dataclasses, ipaddress, json
import os, random, re, secrets, shutil, signal, socket, sys, time

CLUSTER_NAME = re.compile(r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
UUID, BOOT = re.compile(r"[0-9A-Fa-f]{1,63}"), re.compile(r"[0-9a-f]{16}")
MAX_COUNT, MAX_LINE, HELLO_SECONDS, DIAL_SECONDS = 4294967295, 4096, 5, 5  # "Lines"
FIRST_WAIT, LONGEST_WAIT, STABLE_SECONDS, UNWANTED_WAIT, LONGEST_UNWANTED_WAIT = 0.1, 10, 15, 10, 60  # "When to dial"
MAX_SILENT, MAX_SILENT_PER_ADDRESS = 256, 32  # "The answer": connections that have not sent a hello yet
MAX_CONNECTIONS, MAX_RECORDS = 500, 5000  # Our own choice: below the usual limit of 1024 open files
KEEP_ALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
              (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5), (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)]
# How reading a line fails: closed or too late, ended early, no JSON object, or thousands of opening brackets
NOT_A_LINE = (OSError, EOFError, ValueError, RecursionError)
BROWSE = ["avahi-browse", "--resolve", "--parsable", "--no-db-lookup"]
LIBC, PR_SET_PDEATHSIG, MEMBER_PID = ctypes.CDLL(None), 1, os.getpid()


def say(*words):
    try:
        print(*words, flush=True)
    except BrokenPipeError:
        os.kill(MEMBER_PID, signal.SIGTERM)  # Nobody is left to tell


def rank(uuid):
    """The higher uuid has the higher rank ("Identity")."""
    return int(uuid, 16), uuid


def has_form(pattern, value):
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_count(value, lowest=0, highest=MAX_COUNT):
    # JSON has one kind of number, so that 1.0 is the count 1; and `true` is none, although Python's True is 1
    return type(value) in (int, float) and lowest <= value <= highest and value == int(value)


async def read_line(reader):
    """Read one JSON object. Byte by byte, because what follows it is the application's ("Lines")."""
    line = bytearray()
    while not line.endswith(b"\n"):
        if len(line) == MAX_LINE:
            raise ValueError("line is too long")
        line += await reader.readexactly(1)
    value = json.loads(line.decode("utf-8"), parse_constant=int)  # int refuses NaN and Infinity, which JSON has not
    if not isinstance(value, dict):
        raise ValueError("line is no object")
    return value


def write_line(writer, **fields):
    writer.write(json.dumps({"tcpnet": 1, **fields}).encode() + b"\n")


def subnets(interface):
    """The subnets of an interface. For IPv4 they are the kernel's routes without a gateway, where `lo` is missing."""
    if interface == "lo":
        yield ipaddress.ip_network("127.0.0.0/8")
    with open("/proc/net/route") as routes:
        for name, target, gateway, _, _, _, _, mask, *_ in map(str.split, list(routes)[1:]):
            if name == interface and int(gateway, 16) == 0 != int(mask, 16):
                yield ipaddress.ip_network((socket.ntohl(int(target, 16)), int(mask, 16).bit_count()), strict=False)
    with contextlib.suppress(FileNotFoundError), open("/proc/net/if_inet6") as addresses:
        for address, _, prefix, _, _, name in map(str.split, addresses):
            if name == interface:
                yield ipaddress.ip_network((bytes.fromhex(address), int(prefix, 16)), strict=False)


def place_to_dial(interface, address, port, txt):
    """Host and port of a resolved peer, or None where it must not be dialed ("Being found": TXT, Addresses)."""
    strings = [text.partition("=") for text in re.findall(r'"((?:[^"\\]|\\.)*)"', txt)]
    security = [value for key, _, value in strings if key.lower() == "sec"]
    if security and security[-1] != "none":  # The record's first one is printed last
        return None
    with contextlib.suppress(OSError, ValueError):  # Nonsense, or an interface that is gone
        address, port = ipaddress.ip_address(address), int(port)
        if address.version == 6 and address.is_link_local:
            return f"{address}%{interface}", port
        if any(address in subnet for subnet in subnets(interface)):
            return str(address), port
    return None


def end_with_member():
    """Runs in a helper before exec: a helper ends with the member, however the member ends ("Leaving")."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != MEMBER_PID:  # It ended before the line above
        os._exit(1)


async def keep_running(*command, wanted=None, on_start=lambda: None, on_line=lambda line: None, on_end=lambda: None):
    """Run one of Avahi's tools, and again when it has ended: the daemon may come back. With `wanted`, on demand."""
    pipes = {"stdin": asyncio.subprocess.DEVNULL, "stdout": asyncio.subprocess.PIPE, "limit": 1 << 20}
    while True:
        if wanted:
            await wanted.wait()
            wanted.clear()
        try:
            helper = await asyncio.create_subprocess_exec(*command, **pipes, preexec_fn=end_with_member)
            try:
                on_start()
                async for line in helper.stdout:
                    on_line(line.decode("utf-8", "replace").rstrip("\n"))
                await helper.wait()
            finally:
                if helper.returncode is None:
                    helper.terminate()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(helper.wait(), 0.5)
        except (OSError, ValueError) as error:  # ValueError: an endless line
            print(f"{command[0]}: {error}", file=sys.stderr)
        on_end()
        await asyncio.sleep(1)


@dataclasses.dataclass(eq=False)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    boot: str  # "The boot that came with" it
    ok_seq: int | None  # The `seq` of the `ok` that made it; None where the peer has dialed
    since: float = dataclasses.field(default_factory=time.monotonic)
    conversation: asyncio.Task | None = None


class Peer:
    def __init__(self, uuid):
        self.uuid = uuid
        self.places = {}  # (interface, protocol) on which it is announced -> its host and port, None if not known
        self.found = asyncio.Event()  # There is a new place to dial
        self.pursuit = None  # The task that dials while the peer is announced
        self.dial, self.hello_sent = None, False  # The task of the current dial, and how far it is
        self.dials = 0  # How many there were
        self.connection = None
        self.held = None  # The transport of an inbound connection that waits for the end of our own dial
        self.latest = (None, None, -60.0)  # `boot`, `dial` and time of its latest hello
        self.wait, self.unwanted_wait = FIRST_WAIT, UNWANTED_WAIT

    async def pause(self, reason=None):
        if reason == "unwanted":
            seconds, self.unwanted_wait = self.unwanted_wait, min(2 * self.unwanted_wait, LONGEST_UNWANTED_WAIT)
            await asyncio.sleep(seconds)
        else:
            self.unwanted_wait = UNWANTED_WAIT
            seconds, self.wait = self.wait, min(2 * self.wait, LONGEST_WAIT)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.found.wait(), seconds * random.uniform(0.75, 1))

    def drop_dial(self):
        if self.dial:
            self.dial.cancel()  # It closes its TCP connection
            self.dial = None

    def connect(self, connection, own_uuid):
        self.connection = connection
        say("connected", self.uuid)
        connection.writer.write(f"hello from {own_uuid}\n".encode())
        connection.conversation = asyncio.create_task(self.converse(connection))

    def disconnect(self):
        connection, self.connection = self.connection, None
        if connection:
            connection.writer.transport.abort()
            if time.monotonic() - connection.since >= STABLE_SECONDS:
                self.wait = FIRST_WAIT
            say("lost", self.uuid)

    async def converse(self, connection):
        """What is the application's part. It ends with the connection, and the connection with it."""
        try:
            # "The connection": silent hosts are noticed by the kernel
            for option in KEEP_ALIVE:
                connection.writer.get_extra_info("socket").setsockopt(*option)
            while True:
                try:
                    line = await connection.reader.readuntil(b"\n")
                except asyncio.LimitOverrunError as overrun:  # An endless line is heard in pieces
                    line = await connection.reader.readexactly(overrun.consumed)
                if self.connection is not connection:
                    return  # Replaced, and reported as lost
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                say("heard", self.uuid, "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text))
        except (OSError, EOFError):
            if self.connection is connection:
                self.disconnect()


class Member:
    def __init__(self, cluster):
        self.cluster, self.service_type = cluster, f"_{cluster}._tcp"
        self.uuid, self.boot = secrets.token_hex(16).upper(), secrets.token_hex(8)
        self.oks_sent = self.hellos_sent = 0  # To all peers together: `seq` and `dial`
        self.peers = {}
        self.silent = collections.Counter()  # By address: inbound connections whose hello has not come yet
        self.lookup_wanted = asyncio.Event()

    def peer(self, uuid):
        if len(self.peers) >= MAX_RECORDS:  # A flood of strangers; keep the peers that matter
            self.peers = {key: p for key, p in self.peers.items() if p.places or p.connection or p.dial or p.held}
        return self.peers.setdefault(uuid, Peer(uuid))

    async def run(self):
        ending = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ending.set)
        # One socket for IPv4 and IPv6, because the SRV record has one port
        family = {"family": socket.AF_INET6, "dualstack_ipv6": True} if socket.has_dualstack_ipv6() else {}
        listener = socket.create_server(("", 0), backlog=128, **family)
        self.port = listener.getsockname()[1]
        server = await asyncio.start_server(self.accept, sock=listener)
        announced = asyncio.Event()
        announcement = ["avahi-publish", "--service", self.uuid, self.service_type, str(self.port), "v=1", "sec=none"]
        announcing = asyncio.create_task(keep_running(*announcement, on_start=announced.set))
        await announced.wait()
        say("listening", self.uuid)
        browse, look_up = [*BROWSE, self.service_type], [*BROWSE, "--terminate", self.service_type]
        # The first tool learns once where a peer is. The second asks again, for a peer that was not reached there
        browsing = asyncio.create_task(keep_running(*browse, on_line=self.discover, on_end=self.lose_sight))
        resolved = lambda line: line.startswith("=") and self.discover(line)
        looking_up = asyncio.create_task(keep_running(*look_up, wanted=self.lookup_wanted, on_line=resolved))
        await ending.wait()
        announcing.cancel()  # "Leaving": withdraw the announcement, then end the connections
        await asyncio.wait([announcing])
        for task in [browsing, looking_up] + [peer.pursuit for peer in self.peers.values() if peer.pursuit]:
            task.cancel()
        server.close()
        for peer in self.peers.values():
            peer.drop_dial()
            peer.disconnect()

    def lose_sight(self):
        """The tool that browses has ended: nobody knows who is still announced. It lists them anew when it is back."""
        for peer in self.peers.values():
            peer.places.clear()

    def discover(self, line):
        """A line of avahi-browse: `+` and `-` have the first six fields, `=` (resolved) has all."""
        fields = line.split(";", 9) + [""] * 9
        event, interface, protocol, name, _type, _domain, _host, address, port, txt = fields[:10]
        if not has_form(UUID, name) or name.upper() == self.uuid:
            return
        peer, seen_on = self.peer(name.upper()), (interface, protocol)
        if event == "+":
            peer.places.setdefault(seen_on, None)
            if not peer.pursuit or peer.pursuit.done():
                peer.pursuit = asyncio.create_task(self.pursue(peer))
        elif event == "-":
            peer.places.pop(seen_on, None)
        elif event == "=" and seen_on in peer.places:  # The tool that looks up may still list who has left
            place = place_to_dial(interface, address, port, txt)
            if place and place != peer.places[seen_on]:
                peer.found.set()
            peer.places[seen_on] = place

    async def pursue(self, peer):
        """Dial a peer whenever there is no connection with it, while it is announced ("When to dial")."""
        higher = rank(peer.uuid) > rank(self.uuid)
        await asyncio.sleep(random.uniform(0.05, 0.15) if higher else random.uniform(0, 0.03))  # Saves crossing dials
        while peer.places:
            peer.found.clear()
            if peer.connection:
                await asyncio.wait([peer.connection.conversation])
                peer.found.clear()
                await peer.pause()
                continue
            peer.hello_sent = False
            peer.dial = task = asyncio.create_task(self.attempt(peer))
            await asyncio.wait([task])
            if not peer.connection:
                reason = None if task.cancelled() else task.result()
                if reason != "connected" and peer.wait > FIRST_WAIT:  # Failed again: it may have moved
                    self.lookup_wanted.set()
                await peer.pause(reason)

    async def attempt(self, peer):
        """One dial. It makes a connection, or returns `connected`, the reason with which the peer refused, or None."""
        writer = None
        try:
            async with asyncio.timeout(DIAL_SECONDS):
                places = [place for place in peer.places.values() if place]
                if not places:
                    return None
                peer.dials += 1  # Each dial takes the next place
                reader, writer = await asyncio.open_connection(*places[peer.dials % len(places)])
                self.hellos_sent += 1
                sender = {"name": self.cluster, "from": self.uuid, "boot": self.boot, "port": self.port}
                write_line(writer, **sender, to=peer.uuid, seq=self.oks_sent, dial=self.hellos_sent)
                peer.hello_sent = True
                answer = await read_line(reader)
            status, seq, boot = (answer.get(key) for key in ("status", "seq", "boot"))
            if status == "refused":
                return answer.get("reason")
            if is_count(answer.get("tcpnet"), 1, 1):
                if status == "ok" and is_count(seq) and has_form(BOOT, boot):
                    peer.connect(Connection(reader, writer, boot, seq), self.uuid)
                    writer = None
                return status
        except NOT_A_LINE:
            return None
        finally:
            if peer.dial is asyncio.current_task():
                peer.dial = None
            if writer:
                writer.transport.abort()

    async def accept(self, reader, writer):
        address = (writer.get_extra_info("peername") or [None])[0]  # It is None where the connection has ended already
        try:
            if self.silent.total() >= MAX_SILENT or self.silent[address] >= MAX_SILENT_PER_ADDRESS:
                return write_line(writer, status="refused", reason="busy")
            self.silent[address] += 1
            try:
                async with asyncio.timeout(HELLO_SECONDS):
                    hello = await read_line(reader)
            finally:
                self.silent -= collections.Counter([address])  # This also removes what is 0
            reason = self.reason_to_refuse(hello)
            if reason:
                return write_line(writer, status="refused", reason=reason)
            peer = self.peer(hello["from"].upper())
            if await self.stays(peer, hello, reader, writer):
                self.oks_sent += 1
                write_line(writer, status="ok", seq=self.oks_sent, boot=self.boot)
                peer.connect(Connection(reader, writer, hello["boot"], None), self.uuid)
                writer = None
        except NOT_A_LINE:
            pass
        finally:
            if writer:
                writer.close()

    def reason_to_refuse(self, hello):
        """The table of "The answer", row by row."""
        name, sender, boot, target, seq = (hello.get(key) for key in ("name", "from", "boot", "to", "seq"))
        if not is_count(hello.get("tcpnet"), 1, 1):
            return "version"
        if not (isinstance(name, str) and has_form(UUID, sender) and has_form(BOOT, boot) and has_form(UUID, target)
                and is_count(seq)):
            return "invalid"
        if name != self.cluster:
            return "name"
        if target.upper() != self.uuid:
            return "not-me"
        if sender.upper() == self.uuid:
            return "self"
        connected = {peer.uuid for peer in self.peers.values() if peer.connection}
        return "full" if len(connected) >= MAX_CONNECTIONS and sender.upper() not in connected else None

    async def stays(self, peer, hello, reader, writer):
        """Whether a hello that passed the checks gets `ok`. If not, it has got its answer, or is to get none.
        See "The pairing rule". Its defence against others that claim to be the peer is optional, and left out."""
        boot, dial = hello["boot"], hello["dial"] if is_count(hello.get("dial")) else None
        latest_boot, latest_dial, latest_time = peer.latest
        if (time.monotonic() - latest_time < 60 and latest_boot == boot and None not in (dial, latest_dial)
                and latest_dial > dial):
            write_line(writer, status="connected")  # The dialer has given this dial up
            return False
        peer.latest = boot, dial, time.monotonic()
        if peer.held:
            peer.held.abort()  # Its dialer has given it up, too
        while peer.dial and peer.hello_sent and rank(self.uuid) > rank(peer.uuid):
            peer.held = writer.transport
            await asyncio.wait([peer.dial])
            if peer.held is writer.transport:
                peer.held = None
            if writer.transport.is_closing() or reader.at_eof():
                return False  # Given up, or closed for the sake of a later hello
        current = peer.connection
        if current and current.boot == boot and current.ok_seq is not None and hello["seq"] < current.ok_seq:
            write_line(writer, status="connected")  # The dials crossed, and the current connection is good
            return False
        peer.drop_dial()
        peer.disconnect()
        return True


if __name__ == "__main__":
    if len(sys.argv) != 2 or not CLUSTER_NAME.fullmatch(sys.argv[1]):
        sys.exit("usage: member.py CLUSTER (1 to 15 of a-z, 0-9 and single hyphens between them, at least one letter)")
    if not (shutil.which("avahi-publish") and shutil.which("avahi-browse")):
        sys.exit("avahi-publish and avahi-browse are missing (Debian: apt-get install avahi-utils)")
    sys.stdout.reconfigure(errors="backslashreplace")
    asyncio.run(Member(sys.argv[1]).run())
