"""The generated pages are current, every command explains itself, and the README names commands that exist."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from massivetext.cli import main
from massivetext.stages import STAGES

Command = TyperCommand | TyperGroup
ROOT = Path(__file__).resolve().parents[1]


def _make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_make", ROOT / "docs" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKE = _make()


def _commands() -> dict[str, Command]:
    """Return every command by its name; the name of a command in a group is "GROUP COMMAND"."""
    found: dict[str, Command] = {}
    for name, command in _members(typer.main.get_command(main.app)).items():
        found[name] = command
        found.update({f"{name} {inner}": each for inner, each in _members(command).items()})
    return found


def _members(command: object) -> dict[str, Command]:
    found: dict[str, Command] = {}
    if isinstance(command, TyperGroup):
        for name, member in command.commands.items():
            assert isinstance(member, Command)
            found[name] = member
    return found


COMMANDS = _commands()


@pytest.mark.parametrize("name", ["cli.md", "signals.md", "report.schema.json"])
def test_generated_pages_are_current(name: str) -> None:
    # The layout of the help is typer's: constraints.txt pins its version.
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")

    assert page == MAKE.pages()[name], f"docs/{name} is stale: run `python docs/make.py`"


@pytest.mark.parametrize("variables", [{"COLUMNS": "40"}, {"FORCE_COLOR": "1", "COLUMNS": "200"}, {"NO_COLOR": "1"}])
def test_the_help_page_does_not_depend_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    plain = MAKE.help_of("run")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert MAKE.help_of("run") == plain
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) == MAKE.COLUMNS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_argument_has_help(name: str) -> None:
    command = COMMANDS[name]

    assert command.help, f"{name} is missing its help"
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name}: {parameter.name} is missing its help"


def test_the_page_has_every_command() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

    assert re.findall(r"^## massivetext (.+)$", page, re.MULTILINE) == list(COMMANDS)


@pytest.fixture(scope="module")
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def called(text: str) -> list[tuple[str, str]]:
    """Return the command lines in code blocks and inline code, as (command, rest of the line)."""
    code = re.findall(r"```.*?\n(.*?)```", text, re.DOTALL) + re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    return [found for block in code for found in re.findall(r"(?m)^\s*(?:\S+/)?massivetext ([a-z][\w-]*)(.*)$", block)]


def test_the_readme_names_commands_that_exist(readme: str) -> None:
    assert called(readme)
    assert {command for command, _ in called(readme)} <= set(COMMANDS)


def test_the_readme_names_options_that_exist(readme: str) -> None:
    for command, rest in called(readme):
        name = f"{command} {rest.split()[0]}" if rest.split() else command
        named = COMMANDS.get(name, COMMANDS.get(command))  # for a group of commands: `classifier train`
        assert named is not None, f"massivetext {command}{rest}"
        known = {option for parameter in named.params for option in parameter.opts} | {"--help"}
        own = rest.split(" -- ")[0]  # options after it go to Beam

        assert set(re.findall(r"(?<!\S)--[a-z][\w-]*", own)) <= known, f"massivetext {command}{rest}"


def test_the_readme_names_stages_that_exist(readme: str) -> None:
    assert set(re.findall(r"--until ([a-z-]+)", readme)) <= {stage.name for stage in STAGES}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "```sh\nmassivetext run x.toml --output y\n.venv/bin/massivetext verify r # why\n```",
            [("run", " x.toml --output y"), ("verify", " r # why")],
        ),
        ("say `massivetext trace RUN ID` to see", [("trace", " RUN ID")]),
        ("massivetext turns text into records", []),
        ("```\nimport massivetext\nfrom massivetext import loader\n```", []),
    ],
)
def test_command_lines_are_found_in_code(text: str, expected: list[tuple[str, str]]) -> None:
    assert called(text) == expected
