"""A child process in a folder of its own, with its output in a file; it dies with the harness."""

import ctypes
import os
import signal
import subprocess

from harness.waits import wait_until

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL("libc.so.6", use_errno=True)
_STOP_SECONDS = 15


def die_with_parent():
    """For preexec_fn: the kernel kills the child when the thread that started it ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program that runs until stop() or kill(); start() may be called again afterwards."""

    def __init__(self, command, folder, log_name="log", environment=None):
        self.command = [str(word) for word in command]
        self.folder = folder
        self.log_path = os.path.join(folder, log_name)
        self._environment = environment
        self._child = None

    @property
    def pid(self):
        return self._child.pid

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        with open(self.log_path, "ab") as log:
            self._child = subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                preexec_fn=die_with_parent,
            )

    def is_running(self):
        return self._child is not None and self._child.poll() is None

    def exit_code(self):
        """Its exit code (negative: the signal), None while it runs."""
        return None if self._child is None else self._child.poll()

    def stop(self):
        """SIGTERM, and SIGKILL if that does not end it in time. The exit code."""
        if self._child is None:
            return None
        if self.is_running():
            self._child.terminate()
            try:
                self._child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()
        return self._child.wait()

    def kill(self):
        """kill -9: no chance to say goodbye."""
        self._child.kill()
        self._child.wait()

    def pause(self):
        self._child.send_signal(signal.SIGSTOP)

    def resume(self):
        self._child.send_signal(signal.SIGCONT)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def wait_ready(self, condition, seconds, what):
        """Like wait_until, but gives up at once (with the log's end) if the process is gone."""

        def ready_or_dead():
            return not self.is_running() or condition()

        wait_until(ready_or_dead, seconds, what)
        if not self.is_running():
            ended = f"{self.command[0]} ended ({self.exit_code()}) before {what}"
            raise AssertionError(f"{ended}:\n{self.log()[-2000:]}")


def run(command, timeout=120, check=True, stdin=None, folder=None):
    """Runs a program to its end; its output, standard error in it. Raises with it on failure."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        cwd=folder,
        check=False,
        preexec_fn=die_with_parent,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)} gave {done.returncode}:\n{done.stdout}")
    return done.stdout
