"""How comments are marked in each programming language: a table, named as :mod:`massivetext.sources.languages` does."""

from collections.abc import Mapping
from typing import NamedTuple


class CommentStyle(NamedTuple):
    """What begins and ends comments and strings.

    Attributes:
        line: marks that begin a comment to the end of the line; of them ``#`` only at the beginning of a text or
            after white space (``$#`` and ``${name#prefix}`` of shells are none).
        block: what begins and what ends a comment of several lines, which holds no other; or two empty strings.
        quotes: characters that begin and end a string within a line.
        documented: whether a string in triple quotes that begins a line is a comment.
    """

    line: tuple[str, ...]
    block: tuple[str, str] = ("", "")
    quotes: str = "\"'"
    documented: bool = False


STYLES: Mapping[CommentStyle, str] = {
    CommentStyle(
        ("//",), ("/*", "*/")
    ): "C|C#|C++|CUDA|D|Dart|GLSL|Groovy|HLSL|Java|Kotlin|Lex|Objective-C++|Protocol Buffers|SCSS|Scala|Solidity|"
    "Swift|Yacc|Zig",
    CommentStyle(("//",), ("/*", "*/"), '"'): "Rust|SystemVerilog|Verilog",  # 'a and 8'hff are no strings
    CommentStyle(("//",), ("/*", "*/"), "\"'`"): "Go|JavaScript|TypeScript",
    CommentStyle(("//", "#"), ("/*", "*/")): "PHP|Stan|Terraform|Thrift",
    CommentStyle((), ("/*", "*/")): "CSS",
    CommentStyle(
        ("#",)
    ): "Awk|CoffeeScript|Crystal|Dockerfile|Elixir|Fish|GraphQL|Makefile|Perl|Puppet|R|Ruby|Shell|Tcl",
    CommentStyle(("#",), documented=True): "Python|Starlark",
    CommentStyle(("#",), ("#[[", "]]"), '"'): "CMake",
    CommentStyle(("#",), ("#=", "=#"), '"'): "Julia",
    CommentStyle(("#",), ("#[", "]#"), '"'): "Nim",
    CommentStyle(("#",), ("/*", "*/"), '"'): "Nix",
    CommentStyle(("#",), ("<#", "#>")): "PowerShell",
    CommentStyle(("--",), ("--[[", "]]")): "Lua",
    CommentStyle(("--",), ("/*", "*/")): "SQL",
    CommentStyle(("--",), ("{-", "-}"), '"'): "Elm|Haskell",
    CommentStyle(("--",), quotes='"'): "Ada|VHDL",
    CommentStyle((";",), ("#|", "|#"), '"'): "Common Lisp|Racket|Scheme",
    CommentStyle((";",), quotes='"'): "Clojure|Emacs Lisp",
    CommentStyle((";", "//", "#"), ("/*", "*/"), '"'): "Assembly",
    CommentStyle(("%",), quotes=""): "TeX",
    CommentStyle(("%",), quotes='"'): "Erlang",
    CommentStyle(("%",), ("/*", "*/")): "Prolog",
    CommentStyle(("%",), ("%{", "%}"), '"'): "MATLAB",
    CommentStyle(("!",)): "Fortran",
    CommentStyle(("'",), quotes='"'): "Visual Basic",
    CommentStyle(("::",), quotes='"'): "Batch",
    CommentStyle(("dnl",), quotes=""): "M4",
    CommentStyle(("//",), ("{", "}"), "'"): "Pascal",
    CommentStyle((), ("(*", "*)"), '"'): "OCaml",
    CommentStyle(("//",), ("(*", "*)"), '"'): "F#",
    CommentStyle((), ("<!--", "-->"), ""): "HTML|Svelte|Vue",
}
# Its comments begin with the mark of its strings, so that only its parser tells them apart.
UNKNOWN = frozenset({"Vim script"})

NUMBERS: Mapping[str, int] = {
    language: number for number, languages in enumerate(STYLES.values()) for language in languages.split("|")
}
