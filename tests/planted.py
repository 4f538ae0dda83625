"""Compares a finished quickstart with what was planted in its corpus."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from massivetext.demo.truth import Case, PlantedLocation, Truth, load_truth
from massivetext.runs.context import Context
from massivetext.runs.store import Run, Shard
from massivetext.stages.finished import open_context


@dataclass(frozen=True)
class Outcome:
    """What the stages decided for one document.

    Attributes:
        id: document id.
        failed: names of the rules that it fails.
        dropped_by: first stage that drops it, or None.
        copy: stage that found it to be a copy, kept or not: "exact", "near" or None.
    """

    id: str
    failed: tuple[str, ...]
    dropped_by: str | None
    copy: str | None


@dataclass(frozen=True)
class Row:
    """One line of the table: a kind of planted case in all sources."""

    kind: str
    planted: int
    found: int
    missed: tuple[str, ...]


class Finished:
    """A finished run of the demo corpus, indexed by the locations of documents."""

    def __init__(self, folder: Path) -> None:
        self.truth: Truth = load_truth(folder / "massivetext-demo")
        self.context = open_context(Run(str(folder / "run")))
        self.outcomes: dict[tuple[str, str, str], Outcome] = {}
        self.by_url: dict[tuple[str, str], list[Outcome]] = {}
        self.quarantined: list[tuple[str, dict[str, object]]] = []
        for shard in self.context.all_shards():
            self._read(shard)

    def _read(self, shard: Shard) -> None:
        run, context = self.context.run, self.context
        documents = run.read_table("documents", shard, ["id", "origin", "key", "url"]).to_pylist()
        verdicts = {
            each.stage: run.read_table(each.data_set, shard)
            for each in context.verdicts
            if shard.source in each.sources
        }
        failed = verdicts["judge"]["failed"].to_numpy()
        names = [rule.name for rule in context.rules[shard.source]]
        keepers = _keepers(context, "exact-dedup")
        for row, document in enumerate(documents):
            dropped = next((stage for stage, table in verdicts.items() if not table["kept"][row].as_py()), None)
            address = int(context.document_refs(shard, np.array([row]))[0])
            near = "near-dedup" in verdicts and verdicts["near-dedup"]["cluster"][row].as_py() is not None
            exact = address in keepers or dropped == "exact-dedup"
            outcome = Outcome(
                document["id"],
                tuple(name for bit, name in enumerate(names) if int(failed[row]) >> bit & 1),
                dropped,
                "exact" if exact else "near" if near else None,
            )
            self.outcomes[shard.source, document["origin"], document["key"]] = outcome
            if document["url"]:
                self.by_url.setdefault((shard.source, document["url"]), []).append(outcome)
        quarantine = Path(run.shard_file("quarantine", shard, ".jsonl")).read_bytes()
        self.quarantined += [(shard.source, msgspec.json.decode(line)) for line in quarantine.splitlines()]

    def find(self, place: PlantedLocation) -> Outcome | None:
        """Return the document at a location, or None if there is none."""
        if place.source == "web" and place.url is not None:
            found = self.by_url.get((place.source, place.url), [])
            return found[0] if len(found) == 1 else None
        if place.key is not None:
            return self.outcomes.get((place.source, place.origin, place.key))
        found = [
            o for (source, origin, _), o in self.outcomes.items() if (source, origin) == (place.source, place.origin)
        ]
        return found[0] if len(found) == 1 else None

    def in_quarantine(self, place: PlantedLocation, *, skipped: bool) -> bool:
        """Return whether the quarantine names a location, as skipped or as rejected."""
        return any(
            source == place.source
            and line["origin"] == place.origin
            and line["skipped"] is skipped
            and place.key in (None, line["offset"])
            for source, line in self.quarantined
        )

    def as_planted(self, case: Case) -> bool:
        """Return whether a case without a group has its expected outcome."""
        if case.outcome in ("unreadable", "skipped"):
            return self.find(case.place) is None and self.in_quarantine(case.place, skipped=case.outcome == "skipped")
        outcome = self.find(case.place)
        if outcome is None:
            return False
        if case.outcome == "rules":
            return outcome.dropped_by == "judge" and bool(set(case.rules) & set(outcome.failed))
        if case.outcome == "contaminated":
            return outcome.dropped_by == "decontaminate"
        return outcome.dropped_by is None

    def group_as_planted(self, cases: tuple[Case, ...]) -> bool:
        """Return whether exactly one of a group of copies is kept, and the right stage dropped the others."""
        outcomes = [self.find(case.place) for case in cases]
        if any(outcome is None for outcome in outcomes):
            return False
        removed = [outcome.dropped_by for outcome in outcomes if outcome and outcome.dropped_by]
        wanted = {"exact": {"exact-dedup"}, "near": {"near-dedup"}, "either": {"exact-dedup", "near-dedup"}}
        allowed = wanted[cases[0].duplicate or "either"]
        return len(removed) == len(cases) - 1 and set(removed) <= allowed

    def table(self) -> list[Row]:
        """Return the planted and found cases by kind."""
        groups = {
            name: self.group_as_planted(cases)
            for name, cases in self.truth.groups().items()
            if cases[0].outcome == "copies"
        }
        rows = []
        for kind in sorted({case.kind for case in self.truth.cases}):
            cases = self.truth.cases_of_kind(kind)
            right = [
                groups[case.group] if case.outcome == "copies" and case.group in groups else self.as_planted(case)
                for case in cases
            ]
            missed = tuple(case.id for case, good in zip(cases, right, strict=True) if not good)
            rows.append(Row(kind, len(cases), sum(right), missed))
        return rows

    def false_alarms(self) -> Counter[str]:
        """Count the documents that were dropped though nothing was planted in them, by stage."""
        planted = {outcome.id for case in self.truth.cases if (outcome := self.find(case.place)) is not None}
        return Counter(
            outcome.dropped_by for outcome in self.outcomes.values() if outcome.dropped_by and outcome.id not in planted
        )


def _keepers(context: Context, stage: str) -> set[int]:
    found: set[int] = set()
    for shard in context.all_shards():
        if context.judged_by(stage, shard.source):
            found.update(
                context.run.read_table(context.verdicts_of(stage), shard, ["cluster"])["cluster"]
                .drop_null()
                .to_pylist()
            )
    return found


def shown(rows: list[Row], false_alarms: Counter[str]) -> str:
    """Return the table as text."""
    lines = [f"{'kind':<28}{'planted':>9}{'found':>7}{'missed':>8}"]
    lines += [
        f"{row.kind:<28}{row.planted:>9}{row.found:>7}{len(row.missed):>8}  {', '.join(row.missed)}" for row in rows
    ]
    lines.append(f"false alarms among unplanted documents: {dict(false_alarms) or 'none'}")
    return "\n".join(lines)
