"""Memory that is returned to the system after a shard."""

import subprocess
import sys

import pytest

# The last piece stays, so that the heap cannot be shrunk from its end.
SCRIPT = """
import sys
from massivetext.engines.memory import release_memory
def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096
pieces = [bytes(2000) + str(number).encode() for number in range(100_000)]
last = pieces[-1]
before = resident()
del pieces
release_memory()
print(before - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_freed_memory_is_returned_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)

    assert int(done.stdout) > 150_000_000
