"""Waiting for something to become true, with a deadline and a message; never for time to pass."""

import time


class Timeout(AssertionError):
    """What was waited for did not happen; the message says what it was and what was seen last."""


def wait_until(condition, seconds, what, pause=0.01):
    """The first true result of condition(). An exception counts as not yet; the last is shown."""
    deadline = time.monotonic() + seconds
    while True:
        last = None
        try:
            result = condition()
            if result:
                return result
        except Exception as error:  # pylint: disable=broad-except
            last = error
        if time.monotonic() > deadline:
            raise Timeout(f"after {seconds} s still not: {what}" + (f" ({last!r})" if last else ""))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
