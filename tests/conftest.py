"""A run of the quickstart that several tests look at, and the folder of real data."""

import os
import signal
from pathlib import Path

import pytest
from command import ROOT, massivetext
from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So a shell starts what it runs in the background; the commands that tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No test is timed: a machine may be busy. All else is as Hypothesis has it, which has a profile of its own for CI.
settings.register_profile("untimed", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Has failures told as they occur: a session that is stopped never comes to its summary."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Failures(reporter))


class _Failures:
    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Prints the last lines of a failure."""
        if report.failed:
            self._reporter.ensure_newline()
            self._reporter.section(f"{report.nodeid} ({report.when})", sep="-")
            self._reporter.write_line("\n".join(report.longreprtext.splitlines()[-12:]))


@pytest.fixture(scope="session")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the demo corpus in `massivetext-demo` and a finished quickstart in `run`, made by two workers."""
    folder = tmp_path_factory.mktemp("quickstart")
    done = massivetext("run", "quickstart", "--output", "run", "--workers", "2", folder=folder)
    (folder / "output.txt").write_text(done.stdout)
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that need it skip where it is missing, but never in CI."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        message = f"the folder of real data is missing: {folder.parent.name}/{folder.name} beside the project"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return folder
