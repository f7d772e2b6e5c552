"""Another implementation of multicast DNS (the package python3-zeroconf) as a reference. Prints a line for each service of a type
that is added, changed or removed, and runs the commands that it reads:

    zeroconf-judge.py TYPE ADDRESS
    register NAME TEXT    announces an instance with the TXT record sec=TEXT
    update NAME TEXT      changes its TXT record
    unregister NAME       sends a goodbye
"""

import socket
import sys

from zeroconf import InterfaceChoice, IPVersion, ServiceBrowser, ServiceInfo, Zeroconf

TYPE, ADDRESS = sys.argv[1], sys.argv[2]
zeroconf = Zeroconf(interfaces=[ADDRESS], ip_version=IPVersion.V4Only)


def info_of(name, text):
    properties = {"v": "1", "sec": text}
    addresses = [socket.inet_aton(ADDRESS)]
    return ServiceInfo(TYPE, f"{name}.{TYPE}", addresses=addresses, port=4001, properties=properties, server="snake.local.")


class Listener:
    def add_service(self, zc, kind, name):
        self.tell("added", zc, kind, name)

    def update_service(self, zc, kind, name):
        self.tell("updated", zc, kind, name)

    def remove_service(self, _zc, _kind, name):
        print("removed", name.split(".")[0], flush=True)

    def tell(self, what, zc, kind, name):
        info = zc.get_service_info(kind, name)
        if info is None:
            return
        text = info.properties.get(b"sec", b"").decode()
        print(what, name.split(".")[0], info.server, info.parsed_addresses()[0], info.port, text, flush=True)


ServiceBrowser(zeroconf, TYPE, Listener())
print("ready", flush=True)
for line in sys.stdin:
    command, name, *text = line.split()
    if command == "register":
        zeroconf.register_service(info_of(name, text[0]))
    elif command == "update":
        zeroconf.update_service(info_of(name, text[0]))
    else:
        zeroconf.unregister_service(info_of(name, "none"))
zeroconf.close()
