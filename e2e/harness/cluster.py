"""A cluster: formed, asked who owns what, resharded, by the server's own tools."""

from harness.node import Node
from harness.process import run
from harness.slots import SLOT_COUNT
from harness.waits import wait_until

FORM_SECONDS = 60
RESHARD_SECONDS = 180


class Cluster:
    """`size` nodes in `folder`. start() and form() make it healthy; close() ends it."""

    def __init__(self, settings, folder, size=3, options=None):
        self.settings = settings
        self.nodes = [Node(settings, folder, options) for _ in range(size)]

    def start(self):
        for node in self.nodes:
            node.start()

    def form(self, replicas=0):
        """Forms the cluster as a user would and waits until every node says so."""
        addresses = [node.address for node in self.nodes]
        if self.settings.kind == "redis":
            words = ["--cluster-replicas", replicas] if replicas else []
            self.redis_cli("--cluster", "create", *addresses, *words, "--cluster-yes")
        else:
            run([self.settings.cli_binary, "create", *addresses, "--replicas", replicas])
        self.wait_healthy()

    def wait_healthy(self, seconds=FORM_SECONDS, nodes=None):
        """Waits until the nodes (by default all) report ok and agree on an owner for every slot."""
        nodes = nodes or self.nodes

        def healthy():
            maps = [self.owners(node) for node in nodes]
            states = {node.cluster_info()["cluster_state"] for node in nodes}
            agreed = len(maps[0]) == SLOT_COUNT and maps.count(maps[0]) == len(maps)
            return agreed and states == {"ok"}

        wait_until(healthy, seconds, "all nodes report cluster_state:ok and the same owners")

    def wait_agreed(self, nodes, seconds=FORM_SECONDS):
        """Waits until `nodes` agree on the owner of every slot, and gives the map."""

        def agreed():
            maps = [self.owners(node) for node in nodes]
            return maps[0] if maps.count(maps[0]) == len(maps) else None

        return wait_until(agreed, seconds, f"{nodes} agree on who owns what")

    def owners(self, node=None):
        """slot -> port of its primary, as `node` (by default the first) tells clients."""
        owners = {}
        for start, end, primary, *_ in (node or self.nodes[0]).call("CLUSTER", "SLOTS"):
            for slot in range(start, end + 1):
                if slot in owners:
                    both = f"{owners[slot]} and {primary[1]}"
                    raise AssertionError(f"slot {slot} has two owners: {both}")
                owners[slot] = primary[1]
        return owners

    def slots_of(self, node):
        return sorted(slot for slot, port in self.owners().items() if port == node.port)

    def node_of(self, port):
        return next(node for node in self.nodes if node.port == port)

    def reshard(self, source, target, count):
        """Moves `count` slots from `source` to `target` and waits until all nodes know."""
        ids = (source.node_id(), target.node_id())
        if self.settings.kind == "redis":
            words = ["--cluster-from", ids[0], "--cluster-to", ids[1], "--cluster-slots", count]
            self.redis_cli("--cluster", "reshard", source.address, *words, "--cluster-yes")
        else:
            self.slotmesh("reshard", "--from", ids[0], "--to", ids[1], "--slots", count, "--yes")
        self.wait_healthy()

    def redis_cli(self, *arguments, timeout=RESHARD_SECONDS):
        return run(["redis-cli", *arguments], timeout=timeout)

    def slotmesh(self, command, *arguments, node=None, timeout=RESHARD_SECONDS):
        """Runs the command line against one of the nodes; its output."""
        address = (node or self.nodes[0]).address
        words = [self.settings.cli_binary, command, "--node", address, *arguments]
        return run(words, timeout=timeout)

    def close(self):
        for node in self.nodes:
            node.release()
