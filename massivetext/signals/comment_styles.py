"""Marks of comments per programming language; languages have the names of :mod:`massivetext.sources.languages`."""

from collections.abc import Mapping
from typing import NamedTuple


class CommentStyle(NamedTuple):
    """Marks that begin and end comments and strings.

    Attributes:
        line: marks that begin a comment to the end of the line; ``#`` does so only at the beginning of a text or after
            white space (``$#`` and ``${name#prefix}`` of shells are no comments).
        block: marks that begin and end a comment of several lines, which cannot be nested; or two empty strings.
        quotes: characters that begin and end a string within a line.
        documented: whether a string in triple quotes at the beginning of a line is a comment.
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
    CommentStyle(("//",), ("/*", "*/"), '"'): "Rust|SystemVerilog|Verilog",  # 'a and 8'hff are not strings
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
# Languages in which a comment and a string begin with the same mark, so that only a parser can separate them.
UNKNOWN = frozenset({"Vim script"})

NUMBERS: Mapping[str, int] = {
    language: number for number, languages in enumerate(STYLES.values()) for language in languages.split("|")
}
