"""One server process: slotmesh-node, or redis-server where the tests prove themselves on that."""

import os

from harness.ports import lease_port
from harness.process import Process
from harness.resp import Connection, RespError

START_SECONDS = 20
_HTTP_OFFSET = 30000


class Node:
    """A server on loopback with an empty folder of its own; start() until stop() or kill().

    Restarting keeps folder and port. `options` are configuration directives, as on a command line.
    """

    def __init__(self, settings, folder, options=None, cluster=True):
        self.settings = settings
        self._lease = lease_port()
        self.port = self._lease.port
        self.folder = os.path.join(folder, f"node-{self.port}")
        self.options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self.folder,
            "save": "",
            "appendonly": "no",
            **({"cluster-enabled": "yes", "cluster-node-timeout": 2000} if cluster else {}),
            **(options or {}),
        }
        self._process = None

    def __repr__(self):
        return f"node {self.port}"

    @property
    def process(self):
        return self._process

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def metrics_address(self):
        return f"127.0.0.1:{self.port + _HTTP_OFFSET}"

    def command(self):
        kind = self.settings.kind
        words = ["redis-server" if kind == "redis" else self.settings.node_binary]
        for name, value in self.options.items():
            words += [f"--{name}", str(value)]
        return words

    def start(self, loaded=True):
        """Starts the process and waits until it answers PING; with `loaded`, other than that it
        still loads its data."""
        self._process = Process(self.command(), self.folder)
        self._process.start()
        self._process.wait_ready(
            lambda: self._answers(loaded), START_SECONDS, f"{self} answers PING"
        )

    def _answers(self, loaded):
        with self.connect(timeout=2) as connection:
            reply = connection.try_call("PING")
            if isinstance(reply, RespError):
                return not (loaded and str(reply).startswith("LOADING"))
            return reply == "PONG"

    def connect(self, timeout=10.0, protocol=2):
        return Connection(self.port, timeout=timeout, protocol=protocol)

    def call(self, *arguments):
        """One command on a connection of its own; error replies are raised."""
        with self.connect() as connection:
            return connection.call(*arguments)

    def info(self, *sections):
        """The fields of INFO as a dict of strings."""
        return fields(self.call("INFO", *sections))

    def cluster_info(self):
        return fields(self.call("CLUSTER", "INFO"))

    def node_id(self):
        return self.call("CLUSTER", "MYID").decode()

    def is_running(self):
        return self._process is not None and self._process.is_running()

    def stop(self):
        return self._process.stop() if self._process is not None else None

    def kill(self):
        self._process.kill()

    def release(self):
        """Stops the process and gives the ports back."""
        self.stop()
        self._lease.release()


def fields(text):
    """`name:value` lines as a dict."""
    lines = (line.partition(":") for line in text.decode().splitlines())
    return {name: value for name, colon, value in lines if colon and not name.startswith("#")}
