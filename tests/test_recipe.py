"""Recipes: the values of the built-in ones, and an error for everything wrong in a file."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext import assets
from massivetext.errors import UserError
from massivetext.recipe import (
    PAPER_LICENCES,
    CanaryOptions,
    DecontaminateOptions,
    IngestOptions,
    NearOptions,
    Recipe,
    RecordsOptions,
    SourceOptions,
    TokenizerOptions,
    load_recipe,
    options_without_effect,
    parse_recipe,
)

TABLES: dict[str, type[msgspec.Struct]] = {
    "ingest": IngestOptions,
    "near": NearOptions,
    "decontaminate": DecontaminateOptions,
    "tokenizer": TokenizerOptions,
    "records": RecordsOptions,
}


def source(
    name: str = "web", *, kind: str = '"web"', inputs: str = '["*.gz"]', weight: str = "1.0", more: str = ""
) -> str:
    return f"[sources.{name}]\nkind = {kind}\ninputs = {inputs}\nweight = {weight}\n{more}\n"


def recipe(*parts: str, top: str = "") -> Recipe:
    return parse_recipe("\n".join([f'name = "a"\n{top}', *(parts or (source(),))]), "x.toml")


def refusal(*parts: str, top: str = "") -> str:
    with pytest.raises(UserError) as caught:
        recipe(*parts, top=top)
    return str(caught.value)


def weights(*given: str) -> list[str]:
    return [source(f"s{number}", weight=weight) for number, weight in enumerate(given)]


# -- built-in recipes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", assets.asset_names("pipelines"))
def test_every_built_in_recipe_loads(name: str) -> None:
    loaded = load_recipe(name)

    assert loaded.recipe.name == name
    assert Path(loaded.path).is_file()


@pytest.mark.parametrize("name", assets.asset_names("pipelines"))
def test_the_first_comment_of_a_built_in_recipe_runs_it(name: str) -> None:
    comments = load_recipe(name).path
    head = [line for line in Path(comments).read_text(encoding="utf-8").splitlines() if "massivetext run" in line]

    assert head[0].startswith("#")
    assert f"massivetext run {name} " in head[0]


def test_massivetext_has_the_shares_of_the_paper() -> None:
    # Rae et al. 2021, Table 2, "Sampling proportion".
    shares = {name: table.weight for name, table in load_recipe("massivetext").recipe.sources.items()}

    assert shares == {
        "massiveweb": Decimal("0.48"),
        "books": Decimal("0.27"),
        "c4": Decimal("0.10"),
        "news": Decimal("0.10"),
        "github": Decimal("0.03"),
        "wikipedia": Decimal("0.02"),
    }


def test_massivetext_judges_each_source_as_the_paper_does() -> None:
    # A.1.1: quality, repetition and SafeSearch for MassiveWeb alone; deduplication for all but Wikipedia and GitHub.
    sources = load_recipe("massivetext").recipe.sources

    assert {name: table.rule_sets for name, table in sources.items()} == {
        "massiveweb": ("language", "gopher", "safesearch"),
        "books": ("language",),
        "c4": ("language",),
        "news": ("language",),
        "github": (),
        "wikipedia": ("language",),
    }
    assert {name for name, table in sources.items() if table.deduplicates} == {"massiveweb", "books", "c4", "news"}
    assert all(table.decontaminate for table in sources.values())


def test_massivetext_has_the_numbers_of_the_paper() -> None:
    built = load_recipe("massivetext").recipe

    assert (built.near.ngram, built.near.threshold) == (13, 0.8)
    assert (built.decontaminate.ngram, built.decontaminate.jaccard, built.decontaminate.containment) == (13, 0.8, 0.5)
    assert (built.tokenizer.vocabulary_size, built.tokenizer.normalization) == (32_000, "nfkc")
    assert (built.records.sequence_length, built.records.bytes_per_token, built.records.crops_per_group) == (
        2048,
        15,
        10,
    )


def test_what_a_recipe_leaves_out_has_the_value_of_the_built_in_one() -> None:
    built, plain = load_recipe("massivetext").recipe, recipe()

    assert plain.near == built.near
    assert plain.decontaminate == built.decontaminate
    assert plain.tokenizer == built.tokenizer
    assert plain.records == built.records


def test_a_source_can_differ_from_the_paper() -> None:
    table = recipe(source(more='rules = ["code"]\ndeduplicate = false\ndecontaminate = false')).sources["web"]

    assert (table.rule_sets, table.deduplicates, table.decontaminate) == (("code",), False, False)


def test_no_rules_is_not_the_default_rules() -> None:
    assert recipe(source(more="rules = []")).sources["web"].rule_sets == ()


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "suggestion", "kind"),
    [
        ("tokeniser = 1", "tokeniser", "tokenizer", Recipe),
        ("[sources.web]\nwieght = 1.0", "sources.web.wieght", "weight", SourceOptions),
        ("[ingest]\nmax_html_byte = 1", "ingest.max_html_byte", "max_html_bytes", IngestOptions),
        ("[near]\nthreshhold = 0.8", "near.threshhold", "threshold", NearOptions),
        ("[decontaminate]\ntest_set = []", "decontaminate.test_set", "test_sets", DecontaminateOptions),
        ("[tokenizer]\nvocab_size = 1", "tokenizer.vocab_size", "vocabulary_size", TokenizerOptions),
        ("[records]\nsequence_len = 1", "records.sequence_len", "sequence_length", RecordsOptions),
    ],
)
def test_an_unknown_key_is_refused_with_what_was_meant(
    text: str, place: str, suggestion: str, kind: type[msgspec.Struct]
) -> None:
    with pytest.raises(UserError) as caught:
        parse_recipe(text, "folder/x.toml")
    known = ", ".join(sorted(field.name for field in msgspec.structs.fields(kind)))

    assert str(caught.value) == (
        f"folder/x.toml: {place}: unknown key; did you mean '{suggestion}'? known here: {known}"
    )


def test_a_key_that_resembles_none_gets_no_suggestion() -> None:
    message = refusal(top="qqq = 1")

    assert message.startswith("x.toml: qqq: unknown key; known here: blocklists, canaries, decontaminate, dedup, demo,")


def test_a_table_in_a_table_is_an_unknown_key() -> None:
    assert refusal(source(), "[near.deep]\nx = 1").startswith("x.toml: near.deep: unknown key")


# -- types and ranges --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "parts", "top"),
    [
        ("x.toml: seed: want a whole number from 0 to 4,611,686,018,427,387,903, got '1'", (), 'seed = "1"'),
        ("x.toml: seed: want a whole number from 0 to 4,611,686,018,427,387,903, got -1", (), "seed = -1"),
        ("x.toml: seed: want a whole number from 0 to 4,611,686,018,427,387,903", (), "seed = 4611686018427387904"),
        ("x.toml: seed: want a whole number from 0", (), "seed = 99999999999999999999999"),
        ("x.toml: near: want a table, got 3", (), "near = 3"),
        (
            "x.toml: sources.web.kind: want one of books, c4, code, documents, news, web, wikipedia, got 'wob'",
            (source(kind='"wob"'),),
            "",
        ),
        (
            "x.toml: sources.web.inputs: want a list of at least 1, each a text, got '*.gz'",
            (source(inputs='"*.gz"'),),
            "",
        ),
        (
            "x.toml: sources.web.inputs: want a list of at least 1, each a text, got an empty list",
            (source(inputs="[]"),),
            "",
        ),
        ("x.toml: sources.web.inputs[1]: want a text, got 1", (source(inputs='["a", 1]'),), ""),
        ("x.toml: sources.web.weight: want a number above 0 and at most 1, got true", (source(weight="true"),), ""),
        (
            "x.toml: sources.web.weight: want a number above 0 and at most 1, got the date 2021-12-08",
            (source(weight="2021-12-08"),),
            "",
        ),
        ("x.toml: sources.web.weight: want a number above 0 and at most 1, got 'half'", (source(weight='"half"'),), ""),
        (
            "x.toml: sources.web.inputs: want a list of at least 1, each a text, got none",
            ('[sources.web]\nkind = "web"\nweight = 1',),
            "",
        ),
        ("x.toml: near.ngram: want a whole number from 1 to 1,000, got 13.0", (source(), "[near]\nngram = 13.0"), ""),
        ("x.toml: near.ngram: want a whole number from 1 to 1,000, got 0", (source(), "[near]\nngram = 0"), ""),
        ("x.toml: near.threshold: want a number from 0 to 1, got 1.01", (source(), "[near]\nthreshold = 1.01"), ""),
        ("x.toml: near.threshold: want a number from 0 to 1, got -0.01", (source(), "[near]\nthreshold = -0.01"), ""),
        ("x.toml: near.threshold: want a number from 0 to 1, got nan", (source(), "[near]\nthreshold = nan"), ""),
        (
            "x.toml: tokenizer.normalization: want one of identity, nfkc, got 'nfc'",
            (source(), '[tokenizer]\nnormalization = "nfc"'),
            "",
        ),
        (
            "x.toml: tokenizer.vocabulary_size: want a whole number from 300 to 1,000,000, got 299",
            (source(), "[tokenizer]\nvocabulary_size = 299"),
            "",
        ),
        (
            "x.toml: records.epochs: want a whole number from 1 to 1,099,511,627,776, got 0",
            (source(), "[records]\nepochs = 0"),
            "",
        ),
        ("x.toml: sources: want one table [sources.NAME] per source", ("sources = 3",), ""),
        ("x.toml: sources: want one table [sources.NAME] per source", ("[sources]\nweb = 3",), ""),
        ("x.toml: sources: want 1 to 255 tables [sources.NAME], got an empty table", ("[near]",), ""),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(message: str, parts: tuple[str, ...], top: str) -> None:
    assert refusal(*parts, top=top).startswith(message)


def test_a_recipe_without_a_name_is_refused() -> None:
    with pytest.raises(UserError, match=r"x.toml: name: want a name of at most 64 characters .* got none"):
        parse_recipe(source(), "x.toml")


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0.0), ("1", 1.0), ("0.0", 0.0), ("1.0", 1.0), ("0.8", 0.8)],
)
def test_the_bounds_themselves_are_allowed(text: str, value: float) -> None:
    threshold = recipe(source(), f"[near]\nthreshold = {text}").near.threshold

    assert threshold == value
    assert isinstance(threshold, float)


@pytest.mark.parametrize("name", ["9web", "Web", "my-web", '"my web"', '"ü"', '"a.b"', '"a/b"', '""'])
def test_a_source_name_that_is_no_file_name_everywhere_is_refused(name: str) -> None:
    assert "want a name of a-z, 0-9 and _, beginning with a letter" in refusal(source(name))


@pytest.mark.parametrize("name", ["w", "web_2", "a" * 50])
def test_other_source_names_are_taken(name: str) -> None:
    assert list(recipe(source(name)).sources) == [name]


@pytest.mark.parametrize("name", ["Gopher", "my recipe", "", "9", "../x"])
def test_a_recipe_name_that_is_no_file_name_everywhere_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"x.toml: name: want a name of at most 64 characters a-z"):
        parse_recipe(f'name = "{name}"\n{source()}', "x.toml")


def test_only_code_has_licences() -> None:
    assert recipe(source(kind='"code"', more='licences = ["MIT"]')).sources["web"].licences == ("MIT",)
    assert recipe(source(kind='"code"')).sources["web"].licences == PAPER_LICENCES
    assert refusal(source(more='licences = ["MIT"]')).startswith(
        "x.toml: sources.web.licences: want licences only for a format that reads them (repository); got format 'warc'"
    )


def test_at_most_255_sources() -> None:
    # The address of a document has 8 bits for its source.
    fine = weights(*["0.003"] * 254, "0.238")  # 254 * 0.003 = 0.762

    assert len(recipe(*fine).sources) == 255
    assert "got a table of 256 keys" in refusal(*weights(*["0.003"] * 255, "0.235"))


# -- weights -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shares",
    [
        ("0.7", "0.1", "0.2"),  # as binary floats 0.9999999999999999
        ('"0.7"', '"0.1"', '"0.2"'),
        ("0.7", '"0.1"', "2e-1"),
        ("1",),
        ("1.0",),
        ("0.333", "0.333", "0.334"),
        ("1e-9", "0.999999999"),
    ],
)
def test_weights_that_sum_to_one_as_decimals_are_taken(shares: tuple[str, ...]) -> None:
    read = [table.weight for table in recipe(*weights(*shares)).sources.values()]

    assert read == [Decimal(share.strip('"')) for share in shares]


@pytest.mark.parametrize(
    ("shares", "total"),
    [
        (("0.3", "0.3", "0.3"), "0.9"),
        (("0.5", "0.500000001"), "1.000000001"),
        # As binary floats this sums to exactly 1.
        (("0.1", "0.2", "0.7000000000000001"), "1.0000000000000001"),
    ],
)
def test_weights_that_do_not_sum_to_one_are_refused(shares: tuple[str, ...], total: str) -> None:
    each = ", ".join(f"s{number} {share}" for number, share in enumerate(shares))

    assert refusal(*weights(*shares)) == f"x.toml: sources: want weights that sum to exactly 1, got {total} ({each})"


@pytest.mark.parametrize(
    "weight", ["0", "0.0", "-0.5", "1.5", "2", "nan", "inf", "-inf", '"nan"', '"sNaN"', '"Infinity"']
)
def test_a_weight_that_is_no_share_is_refused(weight: str) -> None:
    assert refusal(source(weight=weight)).startswith(
        "x.toml: sources.web.weight: want a number above 0 and at most 1, got "
    )


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=20), st.integers(0, 6))
def test_shares_that_fill_a_power_of_ten_sum_to_one(parts: list[int], zeros: int) -> None:
    digits = len(str(sum(parts))) + zeros
    shares = [*parts, 10**digits - sum(parts)]  # the last one is what is left, and above 0
    text = [f"0.{share:0{digits}d}" for share in shares]

    assert len(recipe(*weights(*text)).sources) == len(shares)
    # One more in the last place of the first, and they do not.
    assert "want weights that sum to exactly 1" in refusal(*weights(f"0.{shares[0] + 1:0{digits}d}", *text[1:]))


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_missing_recipe_lists_those_there_are() -> None:
    with pytest.raises(UserError) as caught:
        load_recipe("gofer")

    assert str(caught.value).startswith("gofer: no such recipe; give a TOML file or one of ")
    assert str(caught.value).endswith(", ".join(assets.asset_names("pipelines")))


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such recipe"):
        load_recipe(str(tmp_path))


def test_a_path_through_a_file_is_no_recipe(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(UserError, match="cannot be read: Not a directory"):
        load_recipe(str(tmp_path / "a" / "b.toml"))


def test_what_is_not_toml_is_refused_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('name = "a"\nseed = = 1\n')

    with pytest.raises(UserError, match=r"x.toml: want a TOML file: .*line 2, column 8"):
        load_recipe(str(path))


def test_what_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes('name = "é"'.encode("latin-1"))

    with pytest.raises(UserError, match=r"x.toml: want UTF-8 text"):
        load_recipe(str(path))


def test_paths_of_a_file_start_at_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "x.toml").write_text('name = "a"\n' + source())
    monkeypatch.chdir(tmp_path)
    loaded = load_recipe("inner/x.toml")

    assert loaded.root == str(tmp_path.resolve() / "inner")
    assert loaded.path == "inner/x.toml"


def test_paths_of_a_built_in_recipe_start_at_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert load_recipe("web").root == str(tmp_path.resolve())


def test_a_recipe_survives_the_state_of_a_run() -> None:
    built = load_recipe("massivetext").recipe

    # run.json holds it as JSON values, weights as text.
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(built)), Recipe, strict=False) == built


@pytest.mark.parametrize("name", ["pairs", "index", "tokens"])
def test_a_source_name_that_a_run_uses_for_something_else_is_refused(name: str) -> None:
    assert "a run uses this name for something else; rename the source" in refusal(source(name))


def test_a_byte_order_mark_is_no_part_of_a_recipe(tmp_path: Path) -> None:
    text = 'name = "x"\r\n[sources.a]\r\nkind = "news"\r\ninputs = ["a"]\r\nweight = 1\r\n'
    plain, marked = tmp_path / "plain.toml", tmp_path / "marked.toml"
    plain.write_bytes(text.encode())
    marked.write_bytes(text.encode("utf-8-sig"))

    assert load_recipe(str(marked)).recipe == load_recipe(str(plain)).recipe


# -- options without effect --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "option"),
    [
        ((source(), '[tokenizer]\nmodel = "a.model"\nvocabulary_size = 500'), "tokenizer.vocabulary_size"),
        ((source(), '[tokenizer]\nmodel = "a.model"\nsplit_digits = true'), "tokenizer.split_digits"),
        ((source(), '[records]\npacking = "concatenate"'), "records.packing"),
        ((source(), '[records]\nmode = "pack"\ncrops_per_group = 3'), "records.crops_per_group"),
        ((source(), "[records]\nsequences = 10\nepochs = 2"), "records.epochs"),
        ((source(more="epochs = 2"), "[records]\ntokens = 100_000"), "sources.web.epochs"),
        ((source(), "[records]\nmax_epochs = 2"), "records.max_epochs"),
        ((source(more="max_epochs = 2"),), "sources.web.max_epochs"),
    ],
)
def test_an_option_that_changes_nothing_is_told(parts: tuple[str, ...], option: str) -> None:
    (told,) = options_without_effect(recipe(*parts))

    assert told.startswith(f"{option} has no effect: ")


@pytest.mark.parametrize(
    "parts",
    [
        (source(), '[tokenizer]\nmodel = "a.model"\nvocabulary_size = 32_000'),  # the default says nothing new
        (source(more='mode = "pack"'), '[records]\npacking = "concatenate"\ncrops_per_group = 10'),
        (source(), '[records]\npacking = "concatenate"\n[records.splits]\nvalidation = 0.1'),  # held out: packed
        (source(), "[records]\nsequences = 10\nmax_epochs = 2"),
        (source(more="epochs = 2"), "[records]\nepochs = 3"),
    ],
)
def test_options_that_work_are_not_told(parts: tuple[str, ...]) -> None:
    assert options_without_effect(recipe(*parts)) == []


def test_as_many_canaries_as_kinds_and_their_variants() -> None:
    # Equal copies, 7 similarities, chains of 3, items in 5 forms, unsafe and boilerplate pages, controls: 19 each.
    assert CanaryOptions(per_source=20).most_per_source == 20 * 19
    assert CanaryOptions(per_source=3, kinds=("near", "control"), similarities=(0.5,)).most_per_source == 6
