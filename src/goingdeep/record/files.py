"""Writing so that a kill at any moment leaves either the old file or the new one, never a half.

Every write into a run folder goes through here, so that a full disk or a missing permission
becomes one clear error in one place.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from goingdeep.errors import GoingDeepError, WriteError

# Names that begin so are unfinished work of a writer that may have been killed.
TEMPORARY = ".tmp-"


LARGEST = 256 << 20
"""No file of a run is read that is larger; none of ours is."""


def read_file(path: Path) -> bytes:
    """The content of a file of a run that anyone could have written.

    Raises:
        OSError: it cannot be read, is too large, or is none (a pipe or a device has no end).
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
        raise OSError(errno.EINVAL, "no ordinary file of a run", str(path))
    return path.read_bytes()


def read_part(path: Path, at: int, size: int) -> bytes:
    """So many bytes of a file of a run, from a place in it; fewer where it ends. Raises as `read_file`.

    The file may be larger than what is read at once.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "no ordinary file of a run", str(path))
    with path.open("rb") as file:
        file.seek(at)
        return file.read(size)


def append_whole(file: BinaryIO, content: bytes, end: int) -> None:
    """Append to a file that ends at `end`, all of it or nothing.

    Args:
        file: open for appending, without a buffer.
    Raises:
        OSError: it was refused, and the file is as it was.
    """
    try:
        # A disk that gets full takes a part, and refuses the next byte only.
        written = 0
        while written < len(content):
            written += file.write(content[written:]) or 0
    except OSError:
        # What is written next must not be glued to a piece of this.
        file.truncate(end)
        raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into a `WriteError` that says what to do."""
    try:
        yield
    except GoingDeepError:
        raise  # an OSError too, but it has been explained already
    except OSError as error:
        raise write_error(path, error) from error


def write_error(path: Path, error: OSError) -> WriteError:
    """What went wrong when writing to `path`, in the user's terms."""
    reasons = {
        errno.ENOSPC: ("the disk is full", "free some space (after gd train: gd resume)"),
        errno.EDQUOT: ("your disk quota is used up", "free some space (after gd train: gd resume)"),
        errno.EROFS: ("the disk is read-only", "choose another place: --out DIR"),
        errno.EACCES: ("writing is not allowed there", "choose another place: --out DIR"),
        errno.EPERM: ("writing is not allowed there", "choose another place: --out DIR"),
        errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one: --out DIR"),
        errno.ENOENT: ("there is no such folder", "make the folder, or choose another place"),
        errno.EFBIG: ("a limit on file size was met", "raise ulimit -f (after gd train: gd resume)"),
    }  # fmt: skip
    why, fix = reasons.get(error.errno or 0, (error.strerror or str(error), ""))
    return WriteError(
        f"cannot write {path.name}: {why}",
        where=str(path.absolute().parent),
        fix=fix,
        more="docs/runs.md",
    )


def write_atomic(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace a file in one step, durable once this returns.

    Args:
        path, content: the file. durable: wait for the disk; without, a power cut may lose the new
            content, while a killed process loses nothing.

    Raises:
        WriteError: the disk is full, read-only or not writable; the old file is untouched.
    """
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{path.name}")
    with writing(path):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            temporary.replace(path)
            if durable:
                sync(path.parent)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Fill a folder so that it appears under its name all at once, or not at all.

    Yields a temporary folder beside `path`; when the block ends well every file in it is synced
    and the folder is renamed to `path`, replacing what stood there.
    """
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{path.name}")
    with writing(path):
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            yield temporary
            for file in temporary.iterdir():
                sync(file)
            sync(temporary)
            _put(temporary, path)
            sync(path.parent)
            shutil.rmtree(temporary, ignore_errors=True)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def _put(new: Path, path: Path) -> None:
    """Rename a folder to `path`; what stood there is afterwards under the name `new`, or gone."""
    if not path.exists():
        new.rename(path)
    elif not _exchange(new, path):
        # A rename cannot replace a folder that has files in it. Between these two lines neither
        # folder has the name; only systems that cannot exchange names come here.
        old = new.with_name(f"{new.name}-old")
        path.rename(old)
        new.rename(path)
        shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change names in one step; False where the system cannot (not Linux)."""
    import ctypes

    try:
        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE
    return bool(rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)


def sync(path: Path) -> None:
    """Ask the disk to keep what was written; a rename before this could survive its content."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_unfinished(folder: Path) -> None:
    """Delete what a killed writer left half done."""
    if folder.is_dir():
        for leftover in folder.glob(f"{TEMPORARY}*"):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                with suppress(OSError):
                    leftover.unlink()
