"""Text whose UTF-8 was taken for another encoding and encoded again."""

import importlib.metadata
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from builders import context_of, recipe_of

from massivetext.errors import UserError
from massivetext.jobs.ingest import ingest_shard
from massivetext.recipe.structs import IngestOptions
from massivetext.runs.store import Shard, json_sha256
from massivetext.runs.work_items import WorkItem
from massivetext.sources.splits import plan_shards
from massivetext.sources.streams import double_encoding
from massivetext.sources.streams.double_encoding import mend
from massivetext.stages import STAGES

SOUND = "Für ein Café — à côté, «l’été» à Noël\nРоссия: «река» и «горы»\nplain"
TWICE = "A cafÃ© here\nplain\nPrice: 5 â‚¬"


def test_lines_that_were_encoded_twice_are_mended() -> None:
    assert mend(TWICE) == ("A café here\nplain\nPrice: 5 €", 2)


@pytest.mark.parametrize("text", [SOUND, "", "plain", "Ã la carte", "Â"])
def test_sound_text_stays(text: str) -> None:
    assert mend(text) == (text, 0)


def test_a_line_that_loses_a_character_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for lost in ("\ufffd", "\x1a", "\n"):
        fake = SimpleNamespace(TextFixerConfig=dict, fix_encoding=lambda _, __, lost=lost: f"caf{lost}")
        monkeypatch.setitem(sys.modules, "ftfy", fake)

        assert mend(TWICE) == (TWICE, 0)


def test_mended_lines_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(msgspec.json.encode({"text": text}) for text in (TWICE, SOUND)))
    (splits,) = plan_shards(["*.jsonl"], str(tmp_path), 2**20, divisible=True)
    context = context_of(
        str(tmp_path / "run"),
        msgspec.structs.replace(recipe_of(["news"]), ingest=IngestOptions(mend_double_encoding=True)),
        {stage.name: json_sha256(stage.name) for stage in STAGES},
        shard_counts={"news": 1},
        rules={"news": ()},
        root=str(tmp_path),
    )
    shard = Shard("news", 0, 1)
    commit = ingest_shard(context, WorkItem(shard, splits, 1.0))
    documents = context.run.read_table("documents", shard, ["text", "metadata"]).to_pylist()

    assert (commit.counts["mended"], commit.counts["mended_lines"]) == (1, 2)
    assert [each["text"] for each in documents] == ["A café here\nplain\nPrice: 5 €", SOUND]
    assert [msgspec.json.decode(each["metadata"]).get("mended_lines") for each in documents] == ["2", None]


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(UserError, match=r"mend_double_encoding: .*massivetext\[ftfy\]"):
        double_encoding.mender_version()
