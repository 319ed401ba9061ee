"""Free ports for a node: client port P, bus P+10000, HTTP P+30000, kept from other test processes.

P is below 2768, so that the HTTP port stays below the kernel's range for outgoing connections
(32768 by default): otherwise any client on the machine may sit on it by chance.
"""

import fcntl
import os
import random
import socket
import tempfile

_FIRST = 1100
_LAST = 2760
_OFFSETS = (0, 10000, 30000)


class PortLease:
    """One client port with its companions; held until release() or the end of the process."""

    def __init__(self, port, lock):
        self.port = port
        self._lock = lock

    def release(self):
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def lease_port():
    """A PortLease whose ports nobody listens on."""
    folder = os.path.join(tempfile.gettempdir(), f"slotmesh-e2e-ports-{os.getuid()}")
    os.makedirs(folder, exist_ok=True)
    candidates = list(range(_FIRST, _LAST + 1))
    random.shuffle(candidates)
    for port in candidates:
        lock = os.open(f"{folder}/{port}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        if all(_is_free(port + offset) for offset in _OFFSETS):
            return PortLease(port, lock)
        os.close(lock)
    raise RuntimeError("no free port for a node")


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False
