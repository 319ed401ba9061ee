#!/usr/bin/python3
"""redis-cli -c, fed through a pipe: redis_cli_client.py basics PORT | traffic PORT PREFIX"""

import subprocess

import traffic


class Cli:
    """A redis-cli -c process; ask() sends one command and gives the reply's line."""

    def __init__(self, port):
        self._process = subprocess.Popen(
            ["redis-cli", "-c", "-p", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def send(self, *commands):
        self._process.stdin.write("".join(command + "\n" for command in commands))
        self._process.stdin.flush()

    def line(self):
        """The next line that is an answer; redis-cli also tells where it was redirected."""
        while True:
            line = self._process.stdout.readline()
            if not line:
                raise ConnectionError("redis-cli ended")
            if line.strip() and not line.startswith("-> Redirected to slot"):
                return line.rstrip("\n")

    def ask(self, command):
        self.send(command)
        return self.line()

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)


class Library:
    """redis-cli's replies as the other clients' ones."""

    def connect(self, port):
        return Cli(port)

    def set(self, cli, key, value):
        reply = cli.ask(f"SET {key} '{value}'")
        if reply != "OK":
            raise RuntimeError(reply)
        return reply

    def get(self, cli, key):
        """An absent key is an empty line: a marker after it tells."""
        cli.send(f"GET {key}", "ECHO end-of-reply")
        reply = cli.line()
        if reply == "end-of-reply":
            return None
        end = cli.line()
        if end != "end-of-reply":
            raise RuntimeError(f"{reply} / {end}")
        return reply

    def pipeline(self, cli, tag, count):
        """All commands before the first reply."""
        for i in range(count):
            cli.send(f"SET {tag}{i} {i}", f"GET {tag}{i}")
        return [cli.line() for _ in range(2 * count)]

    def multi(self, cli, tag):
        """A first command takes redis-cli to the owner: a redirect would end the transaction."""
        self.set(cli, f"{tag}a", 1)
        queued = ["MULTI", f"SET {tag}a 1", f"INCR {tag}a", f"GET {tag}a"]
        replies = [cli.ask(command) for command in queued]
        if replies != ["OK", "QUEUED", "QUEUED", "QUEUED"]:
            return replies
        first = cli.ask("EXEC")
        return [first, int(cli.line()), cli.line()]

    def cross_slot(self, cli):
        return cli.ask("MGET one two")

    def close(self, cli):
        cli.close()


if __name__ == "__main__":
    traffic.main(Library())
