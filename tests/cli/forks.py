"""A parent that has imported torch and computed nothing, and forks a child for each command.

    python -m tests.cli.forks

Reads a JSON object a line: argv, cwd, and optionally env, encoding of the output, file_limit in
bytes, close (stdout is closed), full (stdout is /dev/full), pipe (stdout is a pipe nobody reads).
Answers two lines: the child's process, and, when it has ended, its exit code. (A child forked after
torch's threads have started would wait for them for ever.)
"""

from __future__ import annotations

import json
import os
import resource
import sys

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
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    sys.argv = ["gd", *request["argv"]]
    cli.main()


def main() -> None:
    assert all(module for module in (finish, report, saved, training))
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
            return  # and out of Python as a command would: what is left is flushed
        print(pid, file=answers, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


if __name__ == "__main__":
    main()
