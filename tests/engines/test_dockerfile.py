"""The image, as far as it can be checked without Docker: its files, its steps, and its user."""

import fnmatch
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import ROOT

DOCKERFILE = ROOT / "Dockerfile"
LARGEST_FILE, LARGEST_CONTEXT = 2_000_000, 6_000_000  # bytes; the language model has 938,013


def instructions() -> list[tuple[str, str]]:
    """Return every instruction of the Dockerfile with its arguments; continued lines are joined."""
    text = re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE.read_text(encoding="utf-8")).replace("\\\n", " ")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def all_of(name: str) -> list[str]:
    """Return the arguments of every instruction with this name."""
    return [rest for instruction, rest in instructions() if instruction == name]


def in_context(path: str) -> bool:
    """Return whether `docker build` sends a file: the last line of .dockerignore that matches it or a parent counts."""
    folders = [path, *map(str, Path(path).parents)][:-1]
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if not line or line.startswith("#"):
            continue
        names = [folder.rpartition("/")[2] for folder in folders] if pattern.startswith("**/") else folders
        if any(fnmatch.fnmatchcase(name, pattern.removeprefix("**/")) for name in names):
            sent = line.startswith("!")
    return sent


def context() -> Iterator[Path]:
    """Return every file that `docker build` sends."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in (".git", ".venv")]
        for name in files:
            path = Path(folder, name)
            if in_context(path.relative_to(ROOT).as_posix()):
                yield path


def test_hadolint_finds_no_fault() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert hadolint, "hadolint is missing: install the extra dev"
    done = subprocess.run([hadolint, "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_the_base_image_has_the_beam_and_the_python_that_are_wanted() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (beam,) = (each.removeprefix("apache-beam==") for each in project["dependencies"] if "apache-beam" in each)
    (image,) = all_of("FROM")
    found = re.fullmatch(r"apache/beam_python(3\.\d+)_sdk:([\d.]+)", image)

    assert found
    assert found[2] == beam
    assert f"Programming Language :: Python :: {found[1]}" in project["classifiers"]


def test_what_is_copied_is_there_and_is_sent() -> None:
    sources = [source for rest in all_of("COPY") for source in rest.split()[:-1]]
    sent = {path.relative_to(ROOT).as_posix() for path in context()}

    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(name == source or name.startswith(f"{source}/") for name in sent), source


def test_nothing_else_is_sent() -> None:
    sent = list(context())
    tops = {path.relative_to(ROOT).parts[0] for path in sent}

    assert tops == {source for rest in all_of("COPY") for source in rest.split()[:-1]}
    assert max(path.stat().st_size for path in sent) < LARGEST_FILE
    assert sum(path.stat().st_size for path in sent) < LARGEST_CONTEXT


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        "key.json",
        "runs/quickstart/run.json",
        "massivetext/.env",
        "massivetext/jobs/.aws/credentials",
        "massivetext/__pycache__/cli.cpython-311.pyc",
        "massivetext/old.pyc",
        "tests/engines/test_dockerfile.py",
    ],
)
def test_secrets_and_leftovers_are_not_sent(path: str) -> None:
    assert not in_context(path)


def test_the_image_runs_as_a_user_who_is_not_root() -> None:
    (user,) = all_of("USER")
    after = instructions()[instructions().index(("USER", user)) + 1 :]

    assert int(user) > 999
    assert f"--uid {user} " in " ".join(all_of("RUN"))
    assert [name for name, _ in after] == ["WORKDIR", "ENV", "RUN"]


def test_the_entry_point_stays_that_of_beam() -> None:
    # Beam's `boot` starts the workers; in a virtual environment it would not find what is installed.
    assert all_of("ENTRYPOINT") == all_of("CMD") == []
    assert "RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1" in all_of("ENV")


def test_every_installation_is_constrained() -> None:
    installations = [step for rest in all_of("RUN") for step in rest.split("&&") if "pip install" in step]

    assert len(installations) == 2
    assert all("--constraint constraints.txt" in step for step in installations)
    assert all("PIP_CONSTRAINT=" in step for rest in all_of("RUN") for step in rest.split("&&") if "-m build" in step)


# -- the same steps here -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """A virtual environment in which the steps of the image were run, on a copy of the files that the build gets."""
    with tempfile.TemporaryDirectory(prefix="massivetext-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        work = folder / "opt"
        for path in context():
            target = work / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        (step,) = (rest for rest in all_of("RUN") if "pip install" in rest)
        # A layer of an image has no pip cache; this machine may. Folders of the image become folders of the test.
        step = step.replace(" --no-cache-dir", "").replace("/tmp/wheel", str(folder / "wheel"))
        step = step.replace("/opt/massivetext", str(work))
        environment = {**os.environ, "PATH": f"{folder}/venv/bin{os.pathsep}{os.environ['PATH']}"}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(
            ["/bin/sh", "-c", step], cwd=work, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.fail(f"the image's steps end with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        yield folder


def run_in(installed: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run an installed command with no environment variable but PATH."""
    return subprocess.run(
        [str(installed / "venv/bin" / command[0]), *command[1:]],
        cwd=installed,
        env={"PATH": f"{installed}/venv/bin:/usr/bin:/bin", "HOME": str(installed / "nobody")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_steps_of_the_image_install_a_working_command(installed: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

    assert run_in(installed, "massivetext", "--version").stdout == f"{version}\n"
    assert run_in(installed, "massivetext", "plan", "massivetext", "--raw", "1TB").returncode == 0  # data files too
    (installed / "text").write_text("The fox and the dog.")
    measured = run_in(installed, "massivetext", "signals", "text")  # compiles where only the home folder can be written
    assert (measured.returncode, measured.stderr) == (0, "")
    worker = run_in(installed, "massivetext-worker", "--help")
    assert worker.returncode == 0
    assert "--provision_endpoint" in worker.stdout


@pytest.mark.slow
def test_what_is_installed_is_what_constraints_say(installed: Path) -> None:
    pinned = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    pinned = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pinned.items()}
    frozen = run_in(installed, "pip", "list", "--format=freeze").stdout.split()
    has = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in (line.split("==") for line in frozen)}
    ours = {"massivetext", "pip", "setuptools"}  # the base image brings the other two

    assert {name: version for name, version in has.items() if name not in ours and pinned.get(name) != version} == {}


@pytest.mark.slow
def test_anyone_may_read_and_run_what_is_installed(installed: Path) -> None:
    closed = [
        str(path)
        for path in (installed / "venv").rglob("*")
        if not path.is_symlink() and not path.stat().st_mode & (stat.S_IXOTH if path.is_dir() else stat.S_IROTH)
    ]

    assert closed == []
    for command in ("massivetext", "massivetext-worker"):
        assert (installed / "venv/bin" / command).stat().st_mode & stat.S_IXOTH


@pytest.mark.slow
def test_stores_and_dataflow_are_installed_and_no_source_is_left(installed: Path) -> None:
    needed = "import gcsfs, s3fs, apache_beam.runners.dataflow.internal.apiclient"

    assert run_in(installed, "python", "-c", needed).returncode == 0
    assert not (installed / "opt").exists()
    assert not (installed / "wheel").exists()
