"""Has imported torch and computed nothing, and forks for each program that is called; see __init__.py.

    python parent.py SOCKET

Ends with its standard input. A caller that was killed takes its fork with it.
"""

import sys

BARE = frozenset(sys.modules)
"""What every Python has imported when a program begins."""

import contextlib
import gc
import importlib
import marshal
import os
import selectors
import signal
import socket
from pathlib import Path

from child import Warmth, begin

IMPORTED = (
    "torch", "msgspec.json", "cyclopts", "rich.console", "rich.progress", "rich.table",
    "safetensors.torch", "PIL.Image", "platformdirs", "uvicorn", "starlette.applications",
)  # fmt: skip
"""torch, and what our own code imports of others. Ours is imported anew by every fork."""


def received(line: socket.socket) -> tuple[list[str], dict[bytes, bytes], list[int]]:
    """What a caller hands over: words, environment, and its input, output, errors and folder."""
    head, handed, _, _ = socket.recv_fds(line, 8, 4)
    count, content = int.from_bytes(head, "little"), b""
    while len(content) < count:
        more = line.recv(count - len(content))
        if not more:
            raise EOFError
        content += more
    words, environment = marshal.loads(content)
    return words, environment, list(handed)


class Parent:
    """Forks, and tells callers how their forks ended."""

    def __init__(self, listening: socket.socket, warmth: Warmth) -> None:
        self._listening = listening
        self._warmth = warmth
        self._running: set[int] = set()
        self._ready = selectors.DefaultSelector()
        self._ready.register(sys.stdin, selectors.EVENT_READ)
        self._ready.register(listening, selectors.EVENT_READ, self._called)

    def serve(self) -> None:
        """Until standard input ends; then no fork is left running."""
        while True:
            for key, _ in self._ready.select():
                if key.data is None:
                    for end in self._running:
                        signal.pidfd_send_signal(end, signal.SIGKILL)
                    return
                if key.fd in self._ready.get_map():  # what came before it may have taken it out
                    key.data()

    def _called(self) -> None:
        line, _ = self._listening.accept()
        words, environment, handed = received(line)
        process = os.fork()
        if process == 0:
            self._listening.close()
            self._ready.close()
            line.close()
            begin(self._warmth, words, environment, handed)
        for descriptor in handed:
            os.close(descriptor)
        line.sendall(process.to_bytes(8, "little"))
        end = os.pidfd_open(process)
        self._running.add(end)

        def ended() -> None:
            self._running.remove(end)
            for one in (end, line):
                with contextlib.suppress(KeyError):
                    self._ready.unregister(one)
            os.close(end)
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            with contextlib.suppress(OSError):  # the caller was killed
                line.sendall(code.to_bytes(8, "little", signed=True))
            line.close()

        def left() -> None:
            self._ready.unregister(line)
            signal.pidfd_send_signal(end, signal.SIGKILL)

        self._ready.register(end, selectors.EVENT_READ, ended)
        self._ready.register(line, selectors.EVENT_READ, left)


def main() -> None:
    """Listen at once: who calls before torch is there waits."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(sys.argv[1])
    listening.listen(64)
    print("listening", flush=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: it is for the tests
    before = set(sys.modules)
    for name in IMPORTED:
        importlib.import_module(name)
        if name == "torch":
            with_torch = set(sys.modules) - before
    sys.path.remove(str(Path(__file__).parent))
    gc.freeze()  # no fork looks through all that
    Parent(listening, Warmth(BARE, with_torch)).serve()


if __name__ == "__main__":
    main()
