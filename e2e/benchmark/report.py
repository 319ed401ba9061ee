"""The measurements as a table for people, and as JSON."""

import json
import statistics


def _median(rounds, key):
    return statistics.median(row[key] for row in rounds)


def text(results, options):
    """A line per test and pipeline, then memory. Ratios are slotmesh over peer."""
    lines = [
        "",
        f"median of {options.rounds} rounds, {options.keys} keys, {options.clients} clients",
        f"{'':23}{'CPU us per request':^32}{'requests per second':^32}",
        f"{'test':13}{'pipeline':>8}  {_HEAD}{_HEAD}",
    ]
    for (test, pipeline), cell in results["speed"].items():
        line = f"{test:13}{pipeline:>8}  "
        for key, digits in (("cpu_us", 3), ("rps", 0)):
            ours, theirs = (_median(cell[name], key) for name in ("slotmesh", "peer"))
            line += f"{ours:>11.{digits}f}{theirs:>11.{digits}f}{ours / theirs:>9.2f} "
        lines.append(line)
    if results["memory"]:
        lines += ["", f"{'bytes per key':54}{_HEAD}"]
    for what, cell in results["memory"].items():
        for index, how in enumerate(("used_memory", "resident")):
            ours, theirs = (cell[name][index] for name in ("slotmesh", "peer"))
            line = f"{what + ' (' + how + ')':54}"
            lines.append(line + f"{ours:>11.1f}{theirs:>11.1f}{ours / theirs:>9.2f}")
    return "\n".join(lines)


_HEAD = f"{'slotmesh':>11}{'peer':>11}{'ratio':>9} "


def write_json(results, path):
    """Every round's numbers, for comparing runs."""
    speed = [
        {"test": test, "pipeline": pipeline, **cell}
        for (test, pipeline), cell in results["speed"].items()
    ]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"speed": speed, "memory": results["memory"]}, file, indent=1)
