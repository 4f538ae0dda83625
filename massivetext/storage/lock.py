"""One run folder, one driver: a lock that lies in the folder, renewed while it is held and taken over when stale.

The lock is ``lock.json``, written only where there is none. A lock that has gone stale is not removed but succeeded, by
a file ``lock-TOKEN.json`` with the token of the one before, again written only where there is none: so of several that
want to take over exactly one can, every file has one writer, and a driver that wakes up late sees that it has been
succeeded. The holder is the last of this chain. All that is asked of a filesystem is to create a file at most once.

Whether a lock is stale is never told by a clock that another machine has set. On the holder's own machine it is stale
when its process has gone; on another, when its count has not moved while we watched for a stated time.
"""

import contextlib
import glob as wildcards
import hashlib
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from massivetext.errors import StageError, UserError
from massivetext.storage import files as fs

NAME = "lock.json"
RENEW_SECONDS = 5.0
STALE_SECONDS = 30.0
_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 0.02
_COUNT = 10**12  # the first count: each has as many digits, so that a lock keeps its length

Say = Callable[[str], None]


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """What a lock says of its holder.

    Attributes:
        token: of this attempt to hold it, unlike any other.
        host: name of the machine, for people.
        machine: the boot of the machine and the process namespace; empty where they cannot be told.
        process: number of the process in that namespace.
        started: when the process started, in the machine's ticks since its boot; numbers of processes are used again.
        since: when the lock was taken, for people.
        count: rises as long as the holder lives.
    """

    token: str
    host: str
    machine: str
    process: int
    started: str
    since: str
    count: int = _COUNT

    @property
    def is_here(self) -> bool:
        """Whether the holder is a process that we can look for."""
        return bool(self.machine) and self.machine == _machine()

    @property
    def has_gone(self) -> bool:
        """Whether the holder, which is here, does not run any more."""
        return _started(self.process) != self.started

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.since}"


class Lock:
    """A lock that is held: renewed by a thread of its own until it is released."""

    def __init__(self, folder: str, owner: Owner, chain: list[str]) -> None:
        self._folder, self._owner, self._chain = folder, owner, chain
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="massivetext-lock", daemon=True)
        main = threading.main_thread()
        self._main = main.ident if threading.current_thread() is main else None
        self.lost = False

    def check(self) -> None:
        """Raises StageError where the lock has been taken from us."""
        holder = _chain(self._folder)[-1:]
        if not holder or holder[0].token != self._owner.token:
            self.lost = True
            who = f"now {holder[0].owner or 'somebody'} holds it" if holder else "its lock has gone"
            raise StageError(
                f"{self._folder}: another run has taken this folder over ({who}), because this one did not show a sign "
                f"of life for {STALE_SECONDS:.0f} seconds; this one stops and leaves the folder to it"
            )

    def beat(self) -> None:
        """Renews the lock once. Raises StageError where it has been taken from us."""
        renewed = msgspec.structs.replace(self._owner, count=self._owner.count + 1)
        with contextlib.suppress(FileNotFoundError):  # `check` says why
            fs.replace(self._chain[-1], _data(renewed))
            self._owner = renewed
        self.check()

    def start(self) -> None:
        """Begins to renew it."""
        self._thread.start()

    def release(self) -> None:
        """Stops to renew it, and removes it where it is still ours."""
        self._stop.set()
        self._thread.join()
        with contextlib.suppress(StageError, UserError):  # a lock that stays is stale as soon as this process ends
            self.check()
            for path in self._chain:  # the first one first: without it the others hold nothing
                fs.remove(path)

    def _renew(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            try:
                self.beat()
            except (StageError, UserError, OSError):
                if self.lost:
                    return self._interrupt()
                # The store does not answer: it may at the next beat, and is met where it matters.
        return None

    def _interrupt(self) -> None:
        heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._main is not None and heeded and not self._stop.is_set():
            signal.pthread_kill(self._main, signal.SIGINT)  # as Ctrl-C does


@contextlib.contextmanager
def hold(
    folder: str,
    say: Say = lambda _: None,
    *,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Lock]:
    """Holds the lock of a run folder, which is made where it is missing; releases it at the end, whatever happens.

    Where the lock is lost meanwhile, the main thread is interrupted.

    Args:
        folder: the run folder.
        say: is told when we wait to see whether a lock is stale.
        wait: sleeps for some seconds.
        clock: seconds that pass, by this machine.

    Raises:
        UserError: another run holds it.
        StageError: it was taken from us.
    """
    lock = acquire(folder, say, wait=wait, clock=clock)
    lock.start()
    try:
        yield lock
    except KeyboardInterrupt:
        if lock.lost:
            lock.check()
        raise
    finally:
        lock.release()


def is_lock(name: str) -> bool:
    """Whether a file of a run, by its path within it, belongs to its lock."""
    return name == NAME or (name.startswith("lock-") and name.endswith(".json") and "/" not in name)


class _Held(NamedTuple):
    path: str
    data: bytes
    token: str
    owner: Owner | None  # None: its file is damaged, e.g. empty after a crash of the machine


def _chain(folder: str) -> list[_Held]:
    """The locks of a folder, the holder's last; empty where nobody holds it."""
    chain: list[_Held] = []
    path = fs.join(folder, NAME)
    while (held := _read(path)) is not None:
        chain.append(held)
        path = fs.join(folder, f"lock-{held.token}.json")
    return chain


def _read(path: str) -> _Held | None:
    try:
        data = fs.read_bytes(path)
    except FileNotFoundError:
        return None
    try:
        owner = msgspec.json.decode(data, type=Owner)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Held(path, data, hashlib.sha256(data).hexdigest()[:32], None)
    return _Held(path, data, owner.token, owner)


def acquire(
    folder: str,
    say: Say = lambda _: None,
    *,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Lock:
    """As :func:`hold`, without renewing and releasing it."""
    own = _owner()
    watched: tuple[_Held, float] | None = None  # a lock of another machine, and when we saw it first
    while True:
        chain = _chain(folder)
        if not chain or _is_stale(folder, chain[-1], watched, clock()):
            lock = _take(folder, own, chain)
            if lock is not None:
                return lock
            wait(_AGAIN_SECONDS)  # somebody was faster: look again who it is
            continue
        if watched is None or watched[0].data != chain[-1].data:
            if watched is None:
                say(f"{folder}: is locked by {chain[-1].owner or 'an unreadable file'}; watching for up to {_SECONDS}")
            watched = (chain[-1], clock())
        wait(_LOOK_SECONDS)


_SECONDS = f"{STALE_SECONDS:.0f} seconds whether it is alive"


def _is_stale(folder: str, held: _Held, watched: tuple[_Held, float] | None, now: float) -> bool:
    """Whether a lock can be taken over; False: watch on. Raises UserError where its holder is alive."""
    if held.owner is not None and held.owner.is_here:
        if held.owner.has_gone:
            return True
        raise _refused(folder, held.owner)
    if watched is None:
        return False
    before, since = watched
    if held.owner is not None and before.token == held.token and before.data != held.data:
        raise _refused(folder, held.owner)
    return before.data == held.data and now - since >= STALE_SECONDS


def _refused(folder: str, owner: Owner) -> UserError:
    return UserError(
        f"{folder}: another run is at work in this folder: {owner}; wait for it, stop it, or take another folder"
    )


def _take(folder: str, own: Owner, chain: list[_Held]) -> Lock | None:
    """The lock of a folder that nobody holds, or whose last holder's is stale; None where somebody was faster."""
    path = fs.join(folder, f"lock-{chain[-1].token}.json" if chain else NAME)
    if not fs.create(path, _data(own)):
        return None
    now = _chain(folder)
    if not now or now[-1].token != own.token:
        # What we succeeded has been released in the meantime, or a store that knows no conditions let two write.
        if (mine := _read(path)) is not None and mine.token == own.token:
            fs.remove(path)
        return None
    paths = [held.path for held in now]
    if not chain:
        for info in fs.glob(
            fs.join(wildcards.escape(folder), "lock-*.json")
        ):  # of a run that was killed while it released its lock
            fs.remove(info.path)
    return Lock(folder, own, paths)


def _data(owner: Owner) -> bytes:
    return msgspec.json.encode(owner)


def _owner() -> Owner:
    return Owner(
        token=secrets.token_hex(16),
        host=socket.gethostname(),
        machine=_machine(),
        process=os.getpid(),
        started=_started(os.getpid()) or "",
        since=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
    )


def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115  a link to no path
    except OSError:
        return ""


def _started(process: int) -> str | None:
    """When a process of this machine started, in ticks since the boot; None where it does not run (any more)."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else fields[19]
