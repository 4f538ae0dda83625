"""Who holds a lock, as its file says, and whether that process is still alive."""

import os
import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import msgspec

# Starts high so that every count has the same number of digits: renewing a lock overwrites its file in place.
_FIRST_COUNT = 10**12


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a lock file.

    Attributes:
        token: random identifier of this attempt to hold the lock.
        host: name of the machine, for people.
        machine: boot ID of the machine and its process namespace; empty if the system does not provide them.
        process: process ID of the holder in that namespace.
        started: when the process started, in clock ticks since the boot; process IDs are used again.
        since: when the lock was taken, for people.
        count: rises as long as the holder is alive.
    """

    token: str
    host: str
    machine: str
    process: int
    started: str
    since: str
    count: int = _FIRST_COUNT

    @classmethod
    def this_process(cls) -> Self:
        """Return an owner with a new token for this process."""
        return cls(
            token=secrets.token_hex(16),
            host=socket.gethostname(),
            machine=this_machine(),
            process=os.getpid(),
            started=process_start(os.getpid()) or "",
            since=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        )

    @property
    def is_here(self) -> bool:
        """Whether the holder is a process of this machine, which we can look up."""
        return bool(self.machine) and self.machine == this_machine()

    @property
    def has_ended(self) -> bool:
        """Whether the holder, a process of this machine, does not run any more."""
        return process_start(self.process) != self.started

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.since}"


def this_machine() -> str:
    """Return the boot ID of this machine and the process namespace; empty if the system does not provide them."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def process_start(process: int) -> str | None:
    """Return when a process of this machine started, in clock ticks since the boot; None if it does not run."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else fields[19]
