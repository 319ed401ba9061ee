"""What a run was asked for: which server, where its programs are. e2e/run sets it for the tests."""

import dataclasses
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
E2E = os.path.join(ROOT, "e2e")
_NODE_PLACES = ("bazel-bin/node/slotmesh-node", "bazel-bin/node/app/slotmesh-node")
_CLI_PLACES = ("bazel-bin/admin/slotmesh", "bazel-bin/admin/cli/slotmesh")


@dataclasses.dataclass(frozen=True)
class Settings:
    """`kind` is "slotmesh" or "redis": the tests run against Debian's Redis to prove themselves."""

    kind: str
    node_binary: str
    cli_binary: str
    logs: str  # Folder for the servers' folders.


def _first_existing(places):
    paths = [os.path.join(ROOT, place) for place in places]
    return next((path for path in paths if os.path.exists(path)), paths[0])


def from_environment():
    """The settings of this process, with the build's outputs as defaults."""
    return Settings(
        kind=os.environ.get("SLOTMESH_E2E_KIND", "slotmesh"),
        node_binary=os.environ.get("SLOTMESH_E2E_NODE") or _first_existing(_NODE_PLACES),
        cli_binary=os.environ.get("SLOTMESH_E2E_CLI") or _first_existing(_CLI_PLACES),
        logs=os.environ.get("SLOTMESH_E2E_LOGS", ""),
    )
