"""Prometheus text as a node serves it: samples by name, and quantiles of a histogram."""

import re
import urllib.request

_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)")
_LABEL = re.compile(r'(\w+)="((?:\\.|[^"\\])*)"')


def fetch(address):
    """The text of /metrics at host:port."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as response:
        return response.read().decode()


def samples(text):
    """[(name, {label: value}, number)] of a metrics page."""
    found = []
    for line in text.splitlines():
        match = _SAMPLE.match(line)
        if match:
            labels = dict(_LABEL.findall(match.group(2) or ""))
            found.append((match.group(1), labels, float(match.group(3))))
    return found


def total(text, name, **labels):
    """The sum of the samples called `name` with these labels."""
    return sum(
        number
        for sample, found, number in samples(text)
        if sample == name and all(found.get(k) == v for k, v in labels.items())
    )


def share_at_most(texts, pattern, bound):
    """(observations, share of them at most `bound`) over the histograms `pattern` of all pages."""
    within = count = 0.0
    for text in texts:
        for name, labels, number in samples(text):
            if not re.fullmatch(pattern + "_bucket", name):
                continue
            if labels["le"] == "+Inf":
                count += number
            if float(labels["le"].replace("+Inf", "inf")) == bound:
                within += number
    return count, (within / count if count else 0.0)
