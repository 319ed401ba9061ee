"""The client programs of e2e/clients as the tests use them."""

import json
import os
import subprocess

from harness.process import die_with_parent
from harness.settings import E2E

LIBRARIES = ("redis_cli", "ioredis", "node_redis", "redis_py")
_BASICS_SECONDS = 120
_STOP_SECONDS = 60


def _command(library, scenario, *arguments):
    script = os.path.join(E2E, "clients", f"{library}_client")
    program = ["node", script + ".js"] if library in ("ioredis", "node_redis") else [script + ".py"]
    return program + [scenario, *map(str, arguments)]


def basics(library, port):
    """The report of the scenario `basics`."""
    done = subprocess.run(
        _command(library, "basics", port),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=_BASICS_SECONDS,
        check=False,
        preexec_fn=die_with_parent,
    )
    if done.returncode != 0:
        raise AssertionError(f"{library} gave {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


class Traffic:
    """A client program that writes and reads until stop(), which gives its report."""

    def __init__(self, library, port):
        self.library = library
        self._process = subprocess.Popen(
            _command(library, "traffic", port, f"traffic-{library}:"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        first = self._process.stdout.readline()
        if json.loads(first or "{}").get("event") != "running":
            raise AssertionError(f"{library} did not start: {first!r}")

    def stop(self):
        output, _ = self._process.communicate("stop\n", timeout=_STOP_SECONDS)
        lines = output.splitlines()
        if self._process.returncode != 0 or not lines:
            raise AssertionError(f"{self.library} gave {self._process.returncode}: {output}")
        return json.loads(lines[-1])

    def kill(self):
        self._process.kill()
        self._process.communicate()
