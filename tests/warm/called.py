# What is called in the place of Python, with `python -IS`: see __init__.py. It starts in a hundredth
# of a second, because it imports what is in Python already, and nothing else.

import _signal
import _socket
import marshal
import os
import sys

FORWARDED = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP)


def forward(number, _frame):
    os.kill(process, number)


def received(count):
    content = b""
    while len(content) < count:
        more = line.recv(count - len(content))
        if not more:
            os._exit(70)  # the parent is gone
        content += more
    return int.from_bytes(content, "little", signed=True)


_signal.pthread_sigmask(_signal.SIG_BLOCK, FORWARDED)
line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
line.connect(os.path.join(os.path.dirname(sys.argv[0]), "socket"))
request = marshal.dumps((sys.argv, dict(os.environb)))
here = os.open(".", os.O_RDONLY)
handed = b"".join(one.to_bytes(4, sys.byteorder) for one in (0, 1, 2, here))
line.sendmsg(
    [len(request).to_bytes(8, "little")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, handed)]
)
line.sendall(request)
process = received(8)
for number in FORWARDED:
    if _signal.getsignal(number) != _signal.SIG_IGN:
        _signal.signal(number, forward)
_signal.pthread_sigmask(_signal.SIG_UNBLOCK, FORWARDED)
code = received(8)
if code < 0:
    if -code in FORWARDED:
        _signal.signal(-code, _signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
