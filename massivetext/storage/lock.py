"""One run folder, one driver: a lock file in the folder, renewed while it is held and taken over when it is stale.

The lock is ``lock.json``, created only if it does not exist. A stale lock is not removed but gets a successor, a file
``lock-TOKEN.json`` with the token of the lock before it, again created only if it does not exist. So exactly one of
several processes can take over, every file has one writer, and a driver that wakes up late sees its successor. The
holder is the last of this chain. All that a file system must guarantee is to create a file at most once.

Whether a lock is stale is never decided by the clock of another machine. A lock of this machine is stale when its
process has ended; a lock of another machine is stale when its count has not changed while we watched for
``STALE_SECONDS``.
"""

import contextlib
import glob as wildcards
import hashlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from massivetext.errors import LockHeldError, LockLostError, MassivetextError
from massivetext.storage import files as fs
from massivetext.storage.lock_owner import Owner

NAME = "lock.json"
RENEW_SECONDS = 5.0
STALE_SECONDS = 30.0
_LOOK_SECONDS = 1.0  # between two looks at a lock of another machine
_RETRY_SECONDS = 0.02  # after another process was faster

Notify = Callable[[str], None]


class Lock:
    """A lock that is held, and renewed by a thread of its own until it is released.

    Attributes:
        lost: whether another run was found to hold the folder.
    """

    def __init__(self, folder: str, owner: Owner, chain: list[str], renew_seconds: float) -> None:
        self._folder, self._owner, self._chain, self._renew_seconds = folder, owner, chain, renew_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_renewing, name="massivetext-lock", daemon=True)
        main = threading.main_thread()
        self._main = main.ident if threading.current_thread() is main else None
        self.lost = False

    def check(self) -> None:
        """Raise LockLostError if another run holds the folder now."""
        holder = read_chain(self._folder)[-1:]
        if not holder or holder[0].token != self._owner.token:
            self.lost = True
            who = f"now {holder[0].owner or 'another process'} holds it" if holder else "its lock has gone"
            raise LockLostError(
                f"{self._folder}: another run has taken this folder over ({who}), because this one did not show a sign "
                f"of life for {STALE_SECONDS:.0f} seconds; this one stops and leaves the folder to it"
            )

    def renew(self) -> None:
        """Renew the lock once. Raises LockLostError if another run holds the folder now."""
        renewed = msgspec.structs.replace(self._owner, count=self._owner.count + 1)
        with contextlib.suppress(FileNotFoundError):  # `check` explains it
            fs.overwrite(self._chain[-1], _data(renewed))
            self._owner = renewed
        self.check()

    def start(self) -> None:
        """Start the thread that renews the lock."""
        self._thread.start()

    def release(self) -> None:
        """Stop renewing the lock, and remove it if it is still ours."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(MassivetextError):  # a lock that stays is stale as soon as this process ends
            self.check()
            for path in self._chain:  # the first one first: without it the later ones are not a chain
                fs.remove(path)

    def _keep_renewing(self) -> None:
        while not self._stop.wait(self._renew_seconds):
            try:
                self.renew()
            except LockLostError:
                return self._interrupt()
            except (MassivetextError, OSError):
                continue  # the store does not answer: it may do so the next time, and the run itself reports it
        return None

    def _interrupt(self) -> None:
        raises = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._main is not None and raises and not self._stop.is_set():
            signal.pthread_kill(self._main, signal.SIGINT)  # raises KeyboardInterrupt there, as Ctrl-C does


@contextlib.contextmanager
def hold(
    folder: str,
    notify: Notify = lambda _: None,
    *,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    renew_seconds: float = RENEW_SECONDS,
) -> Iterator[Lock]:
    """Hold the lock of a run folder for the time of the block, and release it at the end, whatever happens.

    If the lock is lost meanwhile, the main thread is interrupted.

    Args:
        folder: the run folder; made if it is missing.
        notify: shows a message when we wait to see whether a lock is stale.
        wait: sleeps for some seconds.
        clock: returns the seconds of this machine's monotonic clock.
        renew_seconds: seconds between two renewals.

    Raises:
        LockHeldError: another run holds the lock.
        LockLostError: another run has taken the lock over.
    """
    lock = acquire(folder, notify, wait=wait, clock=clock, renew_seconds=renew_seconds)
    lock.start()
    try:
        yield lock
    except KeyboardInterrupt:
        if lock.lost:
            lock.check()
        raise
    finally:
        lock.release()


def is_left_over(folder: str) -> bool:
    """Return whether a lock is there whose holder, a process of this machine, has ended without releasing it."""
    held = [each.owner for each in read_chain(folder)[-1:]]
    return any(owner is not None and owner.is_here and owner.has_ended for owner in held)


def is_lock(name: str) -> bool:
    """Return whether a file, by its path below the run folder, belongs to the lock."""
    return name == NAME or (name.startswith("lock-") and name.endswith(".json") and "/" not in name)


class LockFile(NamedTuple):
    """A lock file as read: its path, its bytes, the token that names its successor, and its content."""

    path: str
    data: bytes
    token: str
    owner: Owner | None  # None: the file is damaged, for example empty after a crash of the machine


def read_chain(folder: str) -> list[LockFile]:
    """Return the lock files of a folder, the holder's last; empty if nobody holds the lock."""
    chain: list[LockFile] = []
    path = fs.join(folder, NAME)
    while (held := _read(path)) is not None:
        chain.append(held)
        path = fs.join(folder, f"lock-{held.token}.json")
    return chain


def _read(path: str) -> LockFile | None:
    try:
        data = fs.read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        owner = msgspec.json.decode(data, type=Owner)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return LockFile(path, data, hashlib.sha256(data).hexdigest()[:32], None)
    return LockFile(path, data, owner.token, owner)


def acquire(
    folder: str,
    notify: Notify = lambda _: None,
    *,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    renew_seconds: float = RENEW_SECONDS,
) -> Lock:
    """Take the lock as :func:`hold` does, without renewing and releasing it."""
    own = Owner.this_process()
    watched: tuple[LockFile, float] | None = None  # a lock of another machine, and when we saw it first
    while True:
        chain = read_chain(folder)
        if not chain or _is_stale(folder, chain[-1], watched, clock()):
            paths = try_take(folder, own, chain)
            if paths is not None:
                return Lock(folder, own, paths, renew_seconds)
            wait(_RETRY_SECONDS)  # another process was faster: look who it is
            continue
        if watched is None or watched[0].data != chain[-1].data:
            if watched is None:
                notify(_watching(folder, chain[-1]))
            watched = (chain[-1], clock())
        wait(_LOOK_SECONDS)


def _watching(folder: str, held: LockFile) -> str:
    return (
        f"{folder}: is locked by {held.owner or 'an unreadable file'}; "
        f"watching for up to {STALE_SECONDS:.0f} seconds whether it is alive"
    )


def _is_stale(folder: str, held: LockFile, watched: tuple[LockFile, float] | None, now: float) -> bool:
    """Return whether a lock can be taken over; False: keep watching. Raises LockHeldError if its holder is alive."""
    if held.owner is not None and held.owner.is_here:
        if held.owner.has_ended:
            return True
        raise _lock_held_error(folder, held.owner)
    if watched is None:
        return False
    before, since = watched
    if held.owner is not None and before.token == held.token and before.data != held.data:
        raise _lock_held_error(folder, held.owner)
    return before.data == held.data and now - since >= STALE_SECONDS


def _lock_held_error(folder: str, owner: Owner) -> LockHeldError:
    return LockHeldError(
        f"{folder}: another run is at work in this folder: {owner}; wait for it, stop it, or take another folder"
    )


def try_take(folder: str, own: Owner, chain: list[LockFile]) -> list[str] | None:
    """Take a lock that nobody holds or that is stale; return its files, or None if another process was faster.

    Args:
        folder: the run folder.
        own: content of our lock file.
        chain: what :func:`read_chain` returned when the lock was found to be free or stale.
    """
    path = fs.join(folder, f"lock-{chain[-1].token}.json" if chain else NAME)
    if not fs.create_exclusively(path, _data(own)):
        return None
    now = read_chain(folder)
    if not now or now[-1].token != own.token:
        # The lock before ours was released meanwhile, or a store without conditional requests let two processes write.
        if (mine := _read(path)) is not None and mine.token == own.token:
            fs.remove(path)
        return None
    if not chain:
        # A run that was killed while it released its lock may have left later files of its chain.
        for info in fs.glob(fs.join(wildcards.escape(folder), "lock-*.json")):
            fs.remove(info.path)
    return [held.path for held in now]


def _data(owner: Owner) -> bytes:
    return msgspec.json.encode(owner)
