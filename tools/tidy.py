"""The project's own rules, as a program: layers, sizes, names, versions, native declarations.

A rule takes the tree and yields what breaks it. `make check` runs all of them, and so does the test suite,
which also shows of each rule that it can fail.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from sources import PACKAGE, Finding, Statement, Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# From the bottom up. Modules import from lower rows and from their own name, not from others in their row.
LAYERS: list[set[str]] = [
    {"versions"},
    {"kernel"},
    {"poller"},
    {"loop"},
    {"task"},
    {"sync"},
    {"transport"},
    {"tls"},
    {"stream", "tls"},
    {"service"},
    {"__init__"},
    {"asyncio"},
    {"testing", "introspect"},
    {"cli", "gunicorn"},
    {"__main__"},
]
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 80
BANNED_FILE_NAMES = {"base", "common", "helpers", "misc", "utils"}
# Written so that no pattern matches its own text.
BANNED_WORDS = {
    "an unfinished-work mark": re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X)\b"),
    "a path into a home folder": re.compile(r"/(?:home|Users)/\w|/[r]oot/"),
}
PYTHON_TYPES = {
    "bytearray", "bytes", "dict", "frozenset", "list", "memoryview", "object", "set", "slice", "str", "tuple",
    "type",
}  # fmt: skip

DEFINITION = re.compile(r"(?:async\s+def|cpdef|cdef|def)\b(?!\s*(?:class|struct|union|enum|extern|packed)\b)")
IMPORT = re.compile(
    r"from\s+(?P<source>[\w.]+)\s+c?import\s+(?P<names>[^;]+)|c?import\s+(?P<modules>[\w., ]+)"
)
PUBLIC_DEFINITION = re.compile(r"(?:async\s+def|def|cpdef|class|cdef\s+(?:public\s+)?class)\b")
NATIVE_LIST = re.compile(r"native_modules\s*=\s*\[(.*?)\]", re.DOTALL)


def imported_modules(statement: Statement, package: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The names below our package that an import statement reaches, as tuples; () is the package itself."""
    match = IMPORT.match(statement.text)
    if match is None:
        return
    if match["modules"]:
        for module in match["modules"].split(","):
            first, *rest = module.split(" as ")[0].strip().split(".")
            if first == PACKAGE:
                yield tuple(rest)
        return
    source = match["source"]
    dots = len(source) - len(source.lstrip("."))
    named = tuple(part for part in source[dots:].split(".") if part)
    if dots:
        named = (*package[: len(package) - dots + 1], *named)
    elif named[0] == PACKAGE:
        named = named[1:]
    else:
        return
    for name in match["names"].strip("() ").split(","):
        if name.strip():
            yield (*named, name.split(" as ")[0].strip())


def layering(tree: Tree) -> Iterator[Finding]:
    """Modules import and cimport only from lower layers and from their own."""
    rank = {name: height for height, names in enumerate(LAYERS) for name in names}
    for source in tree.package(".py", ".pyx", ".pxd", ".pyi"):
        own = source.parts[0]
        if own not in rank:
            yield source.finding(1, f"{own} has no place among the layers in tools/tidy.py")
            continue
        for statement in source.statements:
            for module in imported_modules(statement, source.parts[:-1]):
                target = module[0] if module and module[0] in rank else "__init__"
                if target != own and rank[target] >= rank[own]:
                    yield source.finding(statement.line, f"{own} imports {target}, which is not below it")


def sizes(tree: Tree) -> Iterator[Finding]:
    """A file or function past its size is two ideas."""
    for source in tree.code("src", "tools", "benchmarks", "examples"):
        count = source.text.count("\n")
        if count > FILE_LINES_MAX:
            yield source.finding(1, f"{count} lines; a file has at most {FILE_LINES_MAX}")
        for position, header in enumerate(source.statements):
            if not DEFINITION.match(header.text) or not header.text.endswith(":"):
                continue
            last = header.last_line
            for inner in source.statements[position + 1 :]:
                if inner.indent <= header.indent:
                    break
                last = inner.last_line
            length = last - header.line + 1
            if length > FUNCTION_LINES_MAX:
                yield source.finding(
                    header.line, f"a function of {length} lines; it has at most {FUNCTION_LINES_MAX}"
                )


def file_names(tree: Tree) -> Iterator[Finding]:
    """A file is named by its noun."""
    for source in tree.files:
        if source.file.stem in BANNED_FILE_NAMES:
            yield source.finding(1, f"{source.file.stem} names no idea: name the file by its noun")


def coroutines(tree: Tree) -> Iterator[Finding]:
    """A compiled coroutine has no frame, so task trees and tracebacks would lose it."""
    for source in tree.package(".pyx", ".pxd"):
        for statement in source.statements:
            if re.match(r"async\s+def\b", statement.text):
                yield source.finding(statement.line, "async def in a native module: it belongs in a .py")


def version_checks(tree: Tree) -> Iterator[Finding]:
    """What differs between Python versions stands in one module."""
    for source in tree.package(".py", ".pyx", ".pxd"):
        if source.parts == ("versions",):
            continue
        for statement in source.statements:
            if re.search(r"\b(?:version_info|hexversion|python_version)\b", statement.text):
                yield source.finding(statement.line, "a version check: it belongs in versions.py")


def banned_words(tree: Tree) -> Iterator[Finding]:
    """Unfinished work is finished or an issue, and no path names somebody's machine."""
    for source in tree.files:
        for number, line in enumerate(source.text.split("\n"), 1):
            for what, pattern in BANNED_WORDS.items():
                if pattern.search(line):
                    yield source.finding(number, what)


def is_c_type(declared: str) -> bool:
    """Whether a function declared to return this cannot report an exception by returning NULL unasked."""
    if "*" in declared:
        return True
    words = [
        word for word in declared.split() if word not in ("const", "inline", "public", "api", "readonly")
    ]
    if not words:
        return False
    name = words[-1].split(".")[-1].split("[")[0]
    return name not in PYTHON_TYPES and not name[0].isupper()


def after_arguments(text: str, start: int) -> str:
    """What follows the parenthesis that closes the one before `start`."""
    depth = 1
    while depth and start < len(text):
        depth += {"(": 1, ")": -1}.get(text[start], 0)
        start += 1
    return text[start:]


def native_errors(tree: Tree) -> Iterator[Finding]:
    """A C-level function says whether it can raise, and which value says so."""
    for source in tree.package(".pyx", ".pxd"):
        extern_indent: int | None = None
        for statement in source.statements:
            if extern_indent is not None and statement.indent > extern_indent:
                continue
            extern_indent = statement.indent if re.match(r"cdef\s+extern\b", statement.text) else None
            match = re.match(r"cp?def\s+(?P<type>[^(=]*?)(?P<name>\w+)\s*\(", statement.text)
            if match is None or not DEFINITION.match(statement.text) or not is_c_type(match["type"]):
                continue
            if not re.match(r"\s*(?:except|noexcept)\b", after_arguments(statement.text, match.end())):
                yield source.finding(
                    statement.line, f"{match['name']} returns a C type: say `except ...` or `noexcept`"
                )


def stubs(tree: Tree) -> Iterator[Finding]:
    """What Python code sees of a native module stands in its .pyi."""
    native = {source.file.with_suffix("") for source in tree.package(".pyx")}
    typed = {source.file.with_suffix("") for source in tree.package(".pyi")}
    for source in tree.package(".pyx"):
        public = [
            each for each in source.statements if not each.indent and PUBLIC_DEFINITION.match(each.text)
        ]
        if public and source.file.with_suffix("") not in typed:
            yield source.finding(public[0].line, "visible to Python, but the module has no .pyi")
    for source in tree.package(".pyi"):
        if source.file.with_suffix("") not in native:
            yield source.finding(1, "a stub with no native module beside it")


def build_lists(tree: Tree) -> Iterator[Finding]:
    """A native module is named in its layer's build file, and every folder is a package."""
    for source in tree.package(".pyx"):
        build_file = source.file.parent / "meson.build"
        listed = NATIVE_LIST.search(build_file.read_text()) if build_file.is_file() else None
        if listed is None or source.file.stem not in re.findall(r"\w+", listed[1]):
            yield source.finding(1, "not in native_modules of the meson.build beside it")
    for folder in {source.file.parent for source in tree.package(".py", ".pyx")}:
        if not (folder / "__init__.py").is_file():
            yield Finding(folder.relative_to(tree.root).as_posix(), 1, "no __init__.py in this folder")


def said_twice(tree: Tree) -> Iterator[Finding]:
    """What two files must both say, they say alike."""
    project = tomllib.loads((tree.root / "pyproject.toml").read_text())
    for requirement in project["build-system"]["requires"]:
        if requirement not in project["dependency-groups"]["build"]:
            yield Finding("pyproject.toml", 1, f"{requirement} is not in the dependency group `build`")
    version = re.search(r"version:\s*'(.+?)'", (tree.root / "meson.build").read_text())
    for source in tree.package(".py"):
        if source.parts != ("__init__",):
            continue
        for match in re.finditer(r'^__version__ = "(.+?)"', source.text, re.MULTILINE):
            if version is None or match[1] != version[1]:
                line = source.text.count("\n", 0, match.start()) + 1
                yield source.finding(line, f"version {match[1]} is not the one in meson.build")


RULES: list[Callable[[Tree], Iterator[Finding]]] = [
    layering,
    sizes,
    file_names,
    coroutines,
    version_checks,
    banned_words,
    native_errors,
    stubs,
    build_lists,
    said_twice,
]


def findings(root: Path) -> list[Finding]:
    tree = Tree(root)
    return [finding for rule in RULES for finding in rule(tree)]


def main() -> int:
    found = findings(Path(__file__).resolve().parents[1])
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
