"""Messages of the command on standard output and standard error, safe for any terminal."""

from rich.console import Console


def print_message(message: str) -> None:
    """Print a message on standard output, without characters that would steer the terminal."""
    Console().print(_escape(message), highlight=False, soft_wrap=True)


def print_error(message: str) -> None:
    """Print an error on standard error, without characters that would steer the terminal."""
    Console(stderr=True).print(f"[bold red]massivetext:[/] {_escape(message)}", highlight=False, soft_wrap=True)


def _escape(text: str) -> str:
    from massivetext.text import printable

    return printable(text).replace("[", r"\[")
