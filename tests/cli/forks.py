"""A parent that has imported torch and computed nothing, and forks a child for each command.

    python -m tests.cli.forks

Reads a JSON object a line: argv, cwd, and optionally env, encoding of the output, file_limit in
bytes, close (stdout is closed), full (stdout is /dev/full), pipe (stdout is a pipe nobody reads).
Answers two lines: the child's process, and, when it has ended, its exit code. "end" ends it. (A
child forked after torch's threads have started would wait for them for ever.)
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import traceback

import torch._dynamo  # the first step of an optimizer imports it, in seconds

from goingdeep import cli
from goingdeep.train import finish, report, saved, training


def child(request: dict) -> None:
    os.chdir(request["cwd"])
    os.environ.update(request.get("env", {}))
    encoding = request.get("encoding", "utf-8")
    for number, name in ((1, "out.txt"), (2, "err.txt")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    if request.get("full"):
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    if request.get("pipe"):
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
    sys.stdout = os.fdopen(1, "w", encoding=encoding, closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding=encoding, errors="backslashreplace", closefd=False)
    if request.get("close"):
        os.close(1)
        sys.stdout = None
    limit = request.get("file_limit")
    if limit:
        sys.dont_write_bytecode = True  # a .pyc cut short would be in the way of every later test
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.argv = ["gd", *request["argv"]]
    os._exit(ended())


def ended() -> int:
    """The exit code that Python would end with; its own way out of torch takes a second."""
    code = 0
    try:
        cli.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    except BaseException:  # noqa: BLE001 - what Python does with what nobody caught
        traceback.print_exc()
        code = 1
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        traceback.print_exc()
        code = 120
    sys.stderr.flush()
    return code


def main() -> None:
    assert all((finish, report, saved, training, torch._dynamo))
    answers = os.fdopen(os.dup(1), "w")
    gc.freeze()  # no child looks through all that
    for line in sys.stdin:
        if line == "end\n":
            break
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
        print(pid, file=answers, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


if __name__ == "__main__":
    main()
