/** The options of commands that join the cluster. */
const MEMBER = `  --secret-file <file>  the secret: a text is a passphrase, anything else a key
  --ask-secret          type in the secret, without echo
                        Without either: TCPNET_SECRET, if it is set.
  --driver <name>       how peers are found (TCPNET_DRIVER, or auto)
  --uuid <hex>          the uuid of the member (random)
  --address <address>   the address to listen on (all)
  --port <port>         the port to listen on (any)`

/** The texts of `tcpnet --help` and of each command. docs/cli.md shows the same texts; a test compares them. */
export const HELP = {
  tcpnet: `Usage: tcpnet <command> [options]

Look at clusters of tcpnet services, and take part in one.

  join <name>     send what is typed to all peers, show what they send
  list [name]     show the services on the network
  watch <name>    show the connections to all peers, live
  doctor [name]   find out why services do not see each other

Options:
  -h, --help      show this, or the help of a command: tcpnet join --help
  --version       show the version

Colours are for terminals; NO_COLOR turns them off.`,

  join: `Usage: tcpnet join <name> [options]

Becomes a member of the cluster. What is typed, or comes through a pipe, goes to
all peers that are connected. What they send is shown with the first eight
digits of the sender's uuid. Ends at the end of the input (Ctrl-D), or with
Ctrl-C.

  echo hi | tcpnet join demo --once

Options:
  --once                wait for peers, send them the whole input, wait until it
                        has arrived, and end
  --peers <number>      with --once: how many peers to wait for (1)
  --wait <seconds>      with --once: how long to wait for them (10)
  --stay                go on after the end of the input
  --json                one JSON object a line, with the key event: listening,
                        connected, line, disconnected, offline, online
${MEMBER}
  -h, --help            show this`,

  list: `Usage: tcpnet list [name] [options]

Shows the services on the network: those of the cluster, or of all clusters. It
asks the network itself, and needs no daemon. A service is shown as soon as it
has answered. "open" means that its connections are not secured.

Options:
  --wait <seconds>      how long to wait for answers (1.5)
  --watch               go on: + found, ~ changed, - gone
  --json                one JSON object a line: cluster, uuid, host, port,
                        security, version, addresses; with --watch also event:
                        found, changed, gone
  -h, --help            show this`,

  watch: `Usage: tcpnet watch <name> [options]

Becomes a member of the cluster, and shows its peers: state, address, age of the
connection, bytes received and sent, round-trip time, and why a peer is not
connected. A terminal shows a table that is redrawn; a pipe gets lines. What
peers send is discarded. Ends with Ctrl-C.

Options:
  --interval <seconds>  how often to update (1)
  --json                one JSON object a line, for each peer at each update
${MEMBER}
  -h, --help            show this`,

  doctor: `Usage: tcpnet doctor [name] [options]

Finds out why services do not see each other: daemon and D-Bus, driver,
interfaces, firewall, multicast, own announcements and addresses; with a name
also the cluster: clusters with similar names, duplicate uuids, kinds of
security, whether each service can be dialed and has the secret. Each finding
has a severity (PROBLEM, warning, note, ok), a cause, and what to do about it.
The exit code is 0 only when there is neither problem nor warning.

It changes nothing. For some seconds it announces two services of its own, of
the cluster "tcpnet-doctor". Services of the named cluster emit "rejected",
because it sends a hello for an unused uuid to each.

Options:
  --json                one JSON object a line: check, severity, what, remedy;
                        the last one: check "all", well, problems, warnings
  --driver <name>       the driver that services use (TCPNET_DRIVER, or auto)
  --secret-file <file>  the secret that services have: a passphrase, or a key
  --ask-secret          type in the secret, without echo
                        Without either: TCPNET_SECRET, if it is set.
  --uuid <hex>          the uuid that a service on this machine will use
  --address <address>   the address that a service here will listen on
  -h, --help            show this`
} as const
