"""Order and reports of a test session, a run of the quickstart that several tests read, and the folder of real data."""

import os
import signal
from pathlib import Path

import pytest
from command import ROOT, massivetext
from hypothesis import settings
from session_report import SessionReport
from shared_folder import make_once

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts background processes so; commands that tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadlines: the machine may be busy. Everything else is Hypothesis's profile, which is another one in CI.
settings.register_profile("untimed", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(trylast=True)  # the terminal reporter is registered by pytest_configure of pytest
def pytest_configure(config: pytest.Config) -> None:
    """Register the report in the process that prints."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SessionReport(reporter))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first: then the short ones keep both processes busy until the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the demo corpus in `massivetext-demo` and a finished quickstart in `run`, made by two workers.

    Only to be read: all processes of the session share it.
    """

    def run(folder: Path) -> None:
        done = massivetext("run", "quickstart", "--output", "run", "--workers", "2", folder=folder)
        (folder / "output.txt").write_text(done.stdout)

    return make_once(tmp_path_factory, "quickstart", run)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that need it skip where it is missing, but never in CI."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        message = f"the folder of real data is missing: {folder.parent.name}/{folder.name} beside the project"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return folder
