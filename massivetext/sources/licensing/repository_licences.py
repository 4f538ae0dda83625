"""Gather what the files of a repository say of its licences, and judge each file by all that concerns it."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping

from massivetext.sources.licensing import licence_notices, licences, package_metadata, reuse_licences
from massivetext.sources.licensing.licence_statements import (
    LICENCE_BYTES,
    NO_LICENCE_SUFFIX,
    Statement,
    Verdict,
    decode_licence,
    is_licence_file,
    statement_of_names,
    statement_of_text,
    verdict_of,
)
from massivetext.sources.licensing.licences import UNKNOWN

_MOST_STATEMENTS = 50_000
_MOST_LINKS = 5_000
_MOST_ANNOTATED = 64  # files with annotations
_MOST_HOPS = 10
_LONGEST_LINK = 300  # characters of a file that may be nothing but the path of another

_README = re.compile(r"(?:readme|notice)(?:\.(?:md|rst|txt|markdown|adoc))?", re.IGNORECASE)
_POOL = re.compile(r"licen[cs]es?", re.IGNORECASE)  # folder of licence texts, as REUSE has it
_BUILT = re.compile(r".+\.(?:dist-info|egg-info)")  # folder of the metadata of a built Python package
_LINK_TEXT = re.compile(r"\.{0,2}[\w./+-]*[\w/][\w./+-]*")


class RepositoryLicences:
    """The licence statements of the files of one repository, in the paths of its archive.

    Only statements are kept, not texts, and no more than a fixed number: a repository with more counts as "unknown".
    Use: :meth:`add` and :meth:`add_link` for every file, then :meth:`needed`, :meth:`add_needed`, :meth:`finish`.
    """

    def __init__(self) -> None:
        self._statements: dict[str, list[Statement]] = defaultdict(list)  # by folder, which they hold for
        self._pools: dict[str, list[Statement]] = defaultdict(list)  # texts of LICENSES/, by the folder that it is in
        self._beside: dict[str, Statement] = {}  # what FILE.license says of FILE
        self._annotations: tuple[reuse_licences.Annotation, ...] = ()
        self._links: dict[str, str] = {}
        self._references: list[tuple[str, str, bool]] = []  # path of who refers, path of the licence, whether a link
        self._texts: dict[str, Statement | None] = {}  # by path; None: the file says nothing
        self._annotated: list[tuple[str, str]] = []
        self._count = 0
        self._root = ""
        self._last: tuple[str, Verdict] | None = None

    def wants(self, path: str) -> bool:
        """Return whether the content of a file is needed."""
        folder, _, name = path.rpartition("/")
        return (
            is_licence_file(name)
            or name.endswith(".license")
            or _annotation_path(path) is not None
            or (_POOL.fullmatch(folder.rpartition("/")[2]) is not None and not name.lower().endswith(NO_LICENCE_SUFFIX))
            or (folder.count("/") == 0 and _README.fullmatch(name) is not None)
        )

    def add(self, path: str, data: bytes) -> None:
        """Add a file that is wanted, with at most the first ``LICENCE_BYTES + 1`` bytes of its content."""
        self._count += 1
        if self._count > _MOST_STATEMENTS:
            return
        folder, _, name = path.rpartition("/")
        text = decode_licence(data)
        if name.endswith(".license"):
            beside = licences.judge_text(text)
            self._beside[path.removesuffix(".license")] = Statement(
                path, beside.licences or (UNKNOWN,), beside.reason, beside.choices
            )
        elif _annotation_path(path) is not None:
            self._annotated.append((path, text))
            self._count += _MOST_STATEMENTS if len(self._annotated) > _MOST_ANNOTATED else 0
        elif package_metadata.is_metadata_file(name):
            self._add_metadata(path, text)
        elif _README.fullmatch(name):
            readme = licence_notices.judge_readme(text)
            if readme.licences:
                self._statements[_scope(folder)].append(Statement(path, *readme))
        else:
            self._add_text(path, text, is_cut=len(data) > LICENCE_BYTES)

    def _add_text(self, path: str, text: str, *, is_cut: bool) -> None:
        """Add a licence file, or the path of one, which is what Windows makes of a symbolic link."""
        folder = path.rpartition("/")[0]
        if len(text) < _LONGEST_LINK and "/" in text and _LINK_TEXT.fullmatch(text.strip()):
            self._references.append((path, posixpath.join(folder, text.strip()), True))
            return
        self._texts[path] = statement = statement_of_text(path, text, is_cut)
        if statement:
            self._place(folder).append(statement)

    def _place(self, folder: str) -> list[Statement]:
        """Return the statements to which those of files in a folder belong."""
        parent, _, name = folder.rpartition("/")
        return self._pools[_scope(parent)] if _POOL.fullmatch(name) else self._statements[_scope(folder)]

    def add_link(self, path: str, target: str, *, hard: bool) -> None:
        """Add a symbolic or hard link."""
        folder, _, name = path.rpartition("/")
        if len(self._links) < _MOST_LINKS:
            self._links[path] = posixpath.normpath(target if hard else posixpath.join(folder, target))
        elif is_licence_file(name):
            self._count = _MOST_STATEMENTS + 1
        if is_licence_file(name):
            self._references.append((path, target if hard else posixpath.join(folder, target), True))

    def needed(self) -> frozenset[str]:
        """Return the paths of files that links and metadata name as licences, and that are still to be added."""
        paths = {self._resolve(target)[0] for _, target, _ in self._references}
        return frozenset(path for path in paths if path and path not in self._texts)

    def add_needed(self, path: str, data: bytes) -> None:
        """Add a file of :meth:`needed`."""
        name = path.rpartition("/")[2]
        if package_metadata.is_metadata_file(name):
            self._texts[path] = Statement(path, (UNKNOWN,), "metadata in place of a licence")
        else:
            self._texts[path] = statement_of_text(path, decode_licence(data), len(data) > LICENCE_BYTES)

    def finish(self, root: str) -> None:
        """Settle links, references and annotations.

        Args:
            root: the folder that contains all files; "" if they lie at the top of the archive.
        """
        self._root = root
        for path, target, is_link in self._references:
            self._settle(path, target, is_link)
        top = f"{root}/" if root else ""
        found: list[reuse_licences.Annotation] = []
        for path, text in sorted(self._annotated, key=lambda each: -each[0].count("/")):  # the nearest file first
            if path.startswith(top) and reuse_licences.is_annotation_file(inner := path.removeprefix(top)):
                found.extend(reuse_licences.read_annotations(inner, text))
        self._annotations = tuple(found)
        self._references, self._annotated, self._texts, self._links = [], [], {}, {}

    def of_repository(self) -> Verdict:
        """Return the verdict on the whole repository: all that is said at its top."""
        said = self._statements.get(self._root, []) + self._pools.get(self._root, [])
        return self._verdict(said)

    def lets_files_speak(self, accepted: tuple[str, ...]) -> bool:
        """Return whether files may be under accepted licences: if all that is refused are texts of LICENSES/."""
        said, pool = self._statements.get(self._root, []), self._pools.get(self._root, [])
        if self._count > _MOST_STATEMENTS or (not said and not pool):
            return False
        named = {name for each in pool for name in each.licences}
        return all(name in accepted for each in said for name in each.licences) and (
            bool(said) or not named.isdisjoint(accepted)
        )

    def of_file(self, path: str, text: str) -> Verdict:
        """Return the verdict on a source file: what it says of itself, or else what is said of its folders.

        A licence of its folders is never lifted by what the file says; texts of LICENSES/ are.
        """
        folders = self._folders(path)
        own = self._own(path, text)
        if not own:
            return self._of_folder(folders)
        below = [each for folder in folders[1:] for each in self._statements.get(folder, [])]
        return self._verdict([*own, *self._changed_texts(folders, own), *below])

    def _of_folder(self, folders: list[str]) -> Verdict:
        """Return the verdict on files that say nothing of themselves, in the last of these folders."""
        if self._last is None or self._last[0] != folders[-1]:  # files of one folder follow one another
            said = [
                each for folder in folders for each in (*self._statements.get(folder, []), *self._pools.get(folder, []))
            ]
            self._last = folders[-1], self._verdict(said)
        return self._last[1]

    def _own(self, path: str, text: str) -> list[Statement]:
        """Return what a file, or a file for it, says of this file alone."""
        inner = path.removeprefix(f"{self._root}/" if self._root else "")
        header = licence_notices.judge_header(text)
        own = [Statement("its header", *header)] if header.licences else []
        if path in self._beside:
            own.append(self._beside[path])
        annotation = reuse_licences.find_annotation(self._annotations, inner)
        if annotation and (annotation.overrides or not own):
            own.append(Statement(annotation.path, annotation.licences, choices=annotation.choices))
        return own

    def _changed_texts(self, folders: list[str], own: list[Statement]) -> list[Statement]:
        """Return the texts of LICENSES/ under the names that a file gives, if their words are not those licences."""
        named = {name.lower() for each in own for name in each.licences}
        texts = (each for folder in folders for each in self._pools.get(folder, []))
        return [
            each
            for each in texts
            if UNKNOWN in each.licences and named & {_stem(each.path), *(name.lower() for name in each.licences)}
        ]

    def _folders(self, path: str) -> list[str]:
        """Return the folders of a path from the root of the repository down."""
        folders = []
        folder = path.rpartition("/")[0]
        while len(folder) > len(self._root):
            folders.append(folder)
            folder = folder.rpartition("/")[0]
        return [self._root, *folders[::-1]]

    def _verdict(self, said: list[Statement]) -> Verdict:
        if self._count > _MOST_STATEMENTS:
            return Verdict((UNKNOWN,), f"more than {_MOST_STATEMENTS:,} files that may name licences")
        return verdict_of(said, f"{self._root}/" if self._root else "")

    def _add_metadata(self, path: str, text: str) -> None:
        folder, _, name = path.rpartition("/")
        declared = package_metadata.read_metadata(name, text)
        if statement := statement_of_names(path, declared.names):
            self._statements[_scope(folder)].append(statement)
        self._references.extend((path, posixpath.join(folder, file), False) for file in declared.files)
        self._count += _MOST_STATEMENTS if len(self._references) > _MOST_LINKS else 0

    def _settle(self, path: str, target: str, is_link: bool) -> None:
        """Turn a link or reference into a statement on its folder."""
        folder = path.rpartition("/")[0]
        where, fault = self._resolve(target)
        statement = self._texts.get(where) if where in self._texts else None
        if where and where not in self._texts:
            if not is_link and package_metadata.is_usual_file(where) and self._has_texts(folder):
                return  # "LICENSE" where the file is LICENSE.md
            fault = "which is not in the archive"
        if fault:
            said = "is a link to" if is_link else "names"
            statement = Statement(path, (UNKNOWN,), f"{said} {target[:100]}, {fault}")
        elif statement:
            statement = statement._replace(path=f"{path} -> {where}" if path != where else path)
        if statement:
            self._place(folder).append(statement)

    def _has_texts(self, folder: str) -> bool:
        return any(path.rpartition("/")[0] == folder and statement for path, statement in self._texts.items())

    def _resolve(self, target: str) -> tuple[str, str]:
        """Return the path that a target leads to through links, or "" and what is wrong with it."""
        if target.startswith("/"):
            return "", "which is outside the archive"
        path = posixpath.normpath(target)
        for _ in range(_MOST_HOPS):
            if path.startswith("../") or path in ("..", "."):
                return "", "which is outside the archive"
            steps = path.split("/")
            linked = next((count for count in range(len(steps), 0, -1) if "/".join(steps[:count]) in self._links), 0)
            if not linked:
                return path, ""
            onto = self._links["/".join(steps[:linked])]
            if onto.startswith("/"):
                return "", "which is outside the archive"
            path = posixpath.normpath("/".join([onto, *steps[linked:]]))
        return "", "which goes in a circle"


def judge_files(files: Mapping[str, str]) -> Verdict:
    """Return the verdict on a whole repository by the texts of its files, by path."""
    gathered = RepositoryLicences()
    for path, text in files.items():
        if gathered.wants(path):
            gathered.add(path, text.encode())
    for path in gathered.needed() & set(files):
        gathered.add_needed(path, files[path].encode())
    gathered.finish("")
    return gathered.of_repository()


def _annotation_path(path: str) -> str | None:
    """Return the part of a path, below one folder or none, that names a file of annotations; None if there is none."""
    inner = path.partition("/")[2]
    return next((each for each in (path, inner) if reuse_licences.is_annotation_file(each)), None)


def _scope(folder: str) -> str:
    """Return the folder that a statement in a folder holds for: the parent of the metadata of a built package."""
    parent, _, name = folder.rpartition("/")
    return parent if _BUILT.fullmatch(name) else folder


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0].lower()
