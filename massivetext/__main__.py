"""Run the command as ``python -m massivetext``."""

from massivetext.cli.main import main

if __name__ == "__main__":
    main()
