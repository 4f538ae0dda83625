"""What a test session prints besides pytest's own output: failures as they happen, seconds, clients not installed."""

from collections import defaultdict

import pytest
from client_programs import missing

_FILES = 25  # shown


class SessionReport:
    """Plugin for the process that prints; under xdist that is the controller, which gets the reports of all workers."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the time, and print the last lines of a failure: a session that is killed never prints its summary."""
        self._seconds[report.nodeid.partition("::")[0]] += report.duration
        if report.failed:
            self._reporter.ensure_newline()
            self._reporter.section(f"{report.nodeid} ({report.when})", sep="-")
            self._reporter.write_line("\n".join(report.longreprtext.splitlines()[-12:]))

    def pytest_terminal_summary(self) -> None:
        """Print the slowest files; a fixture that several files share counts for the file that uses it first."""
        self._reporter.section("slowest files: seconds of setup, call and teardown, over all processes")
        ranked = sorted(self._seconds.items(), key=lambda pair: -pair[1])
        for name, seconds in ranked[:_FILES]:
            self._reporter.write_line(f"{seconds:8.1f}  {name}")
        if others := ranked[_FILES:]:
            self._reporter.write_line(f"{sum(seconds for _, seconds in others):8.1f}  {len(others)} other files")
        if any(name.endswith("test_clients.py") for name in self._seconds) and (lines := missing()):
            self._reporter.section("readers of exports that are not installed, and so were not tested")
            for line in lines:
                self._reporter.write_line(line)
