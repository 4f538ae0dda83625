"""The command ``massivetext``, also ``python -m massivetext``: handles signals from the first moment on.

The imports of the command take some tenths of a second. A signal in that time would end in a traceback, or in an exit
code other than 128 plus its number.
"""

import os
import signal

from massivetext.cli.process_control import STOPPING


def _stop_at_once(number: int, _: object) -> None:
    os.write(2, b"massivetext: stopped\n")
    os._exit(128 + number)  # nothing has begun that would have to end well


def main() -> None:
    """Run the command."""
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop_at_once)
    from massivetext.cli.main import main as run_command

    run_command()


if __name__ == "__main__":
    main()
