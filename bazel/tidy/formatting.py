"""C++ and protocol files as clang-format writes them."""

import concurrent.futures
import os
import re
import shutil
import subprocess

from sources import Finding

PROGRAMS = ("clang-format-14",)
_BATCH = 8
_WARNING = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: \w+: code should be")


def check_all(root, paths):
    """The first finding of each of `paths` (relative to `root`). One program runs per core."""
    if not paths:
        return []
    program = next((p for p in PROGRAMS if shutil.which(p, path="/usr/bin:/bin")), None)
    if program is None:
        return [Finding(".clang-format", 0, "format", f"{PROGRAMS[0]} is missing: run ./test")]
    batches = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = pool.map(lambda batch: _run(root, program, batch), batches)
    return [finding for result in results for finding in result]


def _run(root, program, paths):
    command = [f"/usr/bin/{program}", "--style=file", "--dry-run", "--ferror-limit=0", "--Werror"]
    done = subprocess.run(
        command + paths, cwd=root, capture_output=True, text=True, check=False, timeout=120
    )
    first = {}
    for line in done.stderr.splitlines():
        match = _WARNING.match(line)
        if match:
            first.setdefault(match.group("path"), int(match.group("line")))
    if done.returncode != 0 and not first:
        return [Finding(paths[0], 0, "format", done.stderr.strip()[:200] or "clang-format failed")]
    text = f"not as {program} writes it: {program} -i <file>"
    return [Finding(path, line, "format", text) for path, line in first.items()]
