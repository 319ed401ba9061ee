"""Who may include whom: the floors of the house and the folders where outside libraries may stand.

A package includes only packages above it in FLOORS. `node/app`, which wires everything together,
stands on all of them. Tests may also use the simulator. BUILD visibility says the same to Bazel.
"""

import re

FLOORS = (
    "slots",
    "slots/ledger",
    "gossip",
    "gossip/bus",
    "gossip/sim",
    "node/resp",
    "node/data",
    "node/codec",
    "node/types",
    "node/keyspace",
    "node/journal",
    "node/snapshot",
    "node/config",
    "node/acl",
    "node/stats",
    "node/command",
    "node/commands",
    "node/persist",
    "node/replication",
    "node/cluster",
    "node/net",
    "functions",
    "modules",
    "admin",
    "node/app",
)
_TOPS = {floor.split("/")[0] for floor in FLOORS} | {"bazel", "e2e"}
_SIMULATOR = "gossip/sim"
_WHERE = "see bazel/tidy/rules_include.py"

# (what, headers, folders that may include them; a folder covers those below it)
_LIBRARIES = (
    ("gRPC and Protobuf", r"grpc|grpcpp/|google/protobuf|.*\.pb\.h$",
     ("gossip/bus", "admin", "node/app")),
    ("Asio and Beast", r"boost/(?:asio|beast)|asio", ("*/net", "node/app", "admin/http")),
    ("prometheus-cpp", r"prometheus/", ("admin", "node/app")),
    ("CLI11", r"CLI/", ("admin", "node/app")),
    ("Lua", r"lua|.*/lua", ("functions",)),
)
# Headers that nobody includes, with the reason.
_BANNED = {
    "regex": "<regex> is slow to build and to run",
    "format": "GCC 12 has no <format>: use absl::StrFormat",
    "ranges": "clang 14, which builds the fuzz targets, cannot read <ranges>",
    "bits/stdc++.h": "include what you use",
}
_BANNED_IN_HEADERS = {"iostream": "<iostream> in a header slows every file that includes it"}
# slots/ is arithmetic: nothing of the outside world but for its ledger.
_NOT_IN_SLOTS = re.compile(
    r"chrono|ctime|thread|mutex|atomic|fstream|iostream|filesystem|sys/.*|unistd\.h|netinet/.*|"
    r"absl/time/.*|absl/synchronization/.*|spdlog/.*|fcntl\.h"
)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def check(source):
    if not source.is_cxx:
        return
    if source.folder.split("/")[0] not in _TOPS and "/" in source.path:
        yield source.finding(1, "include", f"{source.folder} is not in the house: {_WHERE}")
        return
    for match in _INCLUDE.finditer(source.text):
        line = source.text.count("\n", 0, match.start()) + 1
        header = match.group(2)
        reason = _own(source, header) if _is_own(header) else _outside(source, header)
        if reason:
            yield source.finding(line, "include", f"{header}: {reason}")


def floor_of(folder):
    """The entry of FLOORS that covers `folder`, None if none does."""
    while folder:
        if folder in FLOORS:
            return folder
        folder = folder.rpartition("/")[0]
    return None


def _is_own(header):
    return header.split("/")[0] in _TOPS and "/" in header


def _own(source, header):
    if header.endswith(".pb.h"):
        reason = _outside(source, header)
        if reason:
            return reason
    mine = floor_of(source.folder)
    other = floor_of(header.rpartition("/")[0])
    if header.startswith("bazel/"):
        return None
    if other is None:
        return f"its folder has no floor in the house: {_WHERE}"
    if mine is None:
        return None if source.folder.startswith("bazel") else "this folder has no floor"
    if source.is_test and other == _SIMULATOR:
        return None
    if FLOORS.index(other) > FLOORS.index(mine):
        return f"{mine} stands below {other}"
    return None


def _outside(source, header):
    if header in _BANNED:
        return _BANNED[header]
    if source.suffix == ".h" and header in _BANNED_IN_HEADERS:
        return _BANNED_IN_HEADERS[header]
    pure = floor_of(source.folder) == "slots" and not source.is_test
    if pure and _NOT_IN_SLOTS.fullmatch(header):
        return "slots/ is pure: no clock, thread or I/O"
    for what, pattern, folders in _LIBRARIES:
        if re.match(pattern, header) and not _within(source.folder, folders):
            return f"{what} may stand in {', '.join(folders)} only"
    return None


def _within(folder, allowed):
    for entry in allowed:
        if entry.startswith("*/"):
            if entry[1:] in "/" + folder:
                return True
        elif folder == entry or folder.startswith(entry + "/"):
            return True
    return False
