"""List the sources of data that a recipe may name; fetch, verify or describe one.

    gtx datasets list
    gtx datasets info zinc
    gtx datasets fetch planetoid graph=pubmed --root=data
    gtx datasets verify --root=data

A source is chosen by `config.data.name`. Words such as `graph=pubmed` are fields of `config.data`
that it reads; a field without a value must be given. `fetch` downloads the published files over
TLS, compares their sha256 where it is known, checks the sizes of what they hold against the
published ones, and writes the file that the source reads below --root. An interrupted download goes
on where it was. `verify` does the checks again, without a network; without a name it verifies all
that is below --root.
"""

import dataclasses
import inspect
import os
import sys
import textwrap
import time
from collections.abc import Sequence
from typing import Any

from absl import flags
from absl.flags import FlagValues
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gtx.cli.reading import UsageError
from gtx.data import download
from gtx.data.sources import SOURCES, DataSource, installing
from gtx.data.sources.published import Published
from gtx.limits import rules_of
from gtx.recipes.rules import choose

_WIDTH = 88
ACTIONS = ("list", "fetch", "verify", "info")


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "root", None, "The folder of all datasets; by default $GTX_DATA, else data, as in recipes.",
        flag_values=values,
    )  # fmt: skip


def main(values: FlagValues, words: Sequence[str] = ()) -> int:
    action, rest = (words[0], words[1:]) if words else ("list", ())
    if action not in ACTIONS:
        raise UsageError(f"{action!r}: there is no such word. Give one of {', '.join(ACTIONS)}.")
    root = str(download.data_root(values.root or ""))
    if action == "list" and not rest:
        _print_table()
        return 0
    if action == "verify" and not rest:
        return _verify_all(root)
    if not rest:
        raise UsageError(
            f"{action}: which source? Give a name, such as `gtx datasets {action} zinc`."
        )
    name, *given = rest
    kind = choose(SOURCES, name, f"gtx datasets {action}")
    if action in ("list", "info"):
        print(_everything(name, kind, given, root), end="")
        return 0
    made = _made(name, kind, given, root)
    return _verify(name, made, root) if action == "verify" else _fetch(name, made, root)


def _made(name: str, kind: type[DataSource], given: Sequence[str], root: str) -> DataSource:
    """The source with fields that are given as `field=value`."""
    names = {field.name for field in dataclasses.fields(kind)}
    fields: dict[str, str | int] = {"root": root} if "root" in names else {}
    for word in given:
        field, equals, text = word.partition("=")
        if not equals or field not in names - {"root"}:
            known = ", ".join(sorted(names - {"root"})) or "none"
            raise UsageError(f"{word!r}: give field=value; the fields of {name} are {known}.")
        fields[field] = int(text) if text.lstrip("-").isdigit() else text
        problem = rules_of(kind)[field].problem(f"{name}.{field}", fields[field])
        if problem:
            raise UsageError(problem)
    try:
        return kind(**fields)
    except TypeError as error:  # a field without a default
        raise UsageError(f"{name}: {error}. Give it as field=value.") from error


def _fetch(name: str, source: DataSource, root: str) -> int:
    def waiting() -> None:
        print(f"{name}: another process fetches it; waiting for its end", file=sys.stderr)

    known = source.published()
    if not source.file and not source.needs:
        print(f"{name}: nothing to fetch: it is made on the spot.")
        return 0
    started = time.monotonic()
    path = installing.install(source, root, progress=sys.stderr.isatty(), waiting=waiting)
    print(f"{name}: {path} ({path.stat().st_size:,} bytes, {time.monotonic() - started:.1f} s)")
    if known is not None:
        print(textwrap.indent(_terms(source), "    "))
    return 0


def _verify(name: str, source: DataSource, root: str) -> int:
    """Check the files and the sizes of a source, and say what they are."""
    problems = []
    known = source.published()
    folder = installing.folder_of(source, root) if source.file else None
    fetched = [] if known is None or folder is None else [
        remote for remote in known.files if (folder / remote.name).is_file()
    ]  # fmt: skip
    if folder is not None:
        problems += download.check(fetched, folder)
    started = time.monotonic()
    dataset = source.load()
    seconds = time.monotonic() - started
    wrong = []
    if known is not None and known.statistics is not None:
        wrong = known.statistics.differences(source.counted(dataset))
    problems += [f"it holds {what}." for what in wrong]
    sizes = (
        f"{len(dataset):,} graphs, {dataset.node_ptr[-1]:,} nodes, {dataset.edge_ptr[-1]:,} edges"
    )
    parts = ", ".join(
        f"{part} {len(dataset.part(part).targets):,}" for part in ("train", "valid", "test")
    )
    checks = ["sizes" if known and known.statistics else "no published sizes"]
    checks.append(f"{len(fetched)} published files" if fetched else "no published files here")
    print(f"{name}: {sizes}; {parts}; loaded in {seconds:.1f} s; checked: {', '.join(checks)}")
    for problem in problems:
        print(f"error: {name}: {problem}", file=sys.stderr)
    return 2 if problems else 0


def _verify_all(root: str) -> int:
    """Verify each source, in each of its variants, whose file is there."""
    code, count = 0, 0
    for name, kind in SOURCES.items():
        if "root" not in {field.name for field in dataclasses.fields(kind)}:
            continue
        for variant in kind.variants():
            fields: dict[str, Any] = {"root": root, **variant}
            source = kind(**fields)
            if not source.file or not os.path.isfile(os.path.join(root, source.file)):
                continue
            count += 1
            told = " ".join([name, *(f"{field}={value}" for field, value in variant.items())])
            try:
                code = max(code, _verify(told, source, root))
            except (ValueError, OSError) as error:
                print(f"error: {told}: {error}", file=sys.stderr)
                code = 2
    if not count:
        print(f"there is no dataset below {root}.")
    return code


def _print_table() -> None:
    """Every source in a line, and what the words of the table mean."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("source", no_wrap=True)
    table.add_column("data", no_wrap=True)
    table.add_column("size", no_wrap=True)
    table.add_column("what it is", no_wrap=True, overflow="ellipsis")
    for name, kind in SOURCES.items():
        table.add_row(name, _state(kind), _size(kind), escape(_about(kind)))
    console = Console()
    # A file, or the next command of a pipe, gets whole lines.
    console = console if console.is_terminal else Console(width=250)
    console.print(table)
    print()
    for word, meaning in _STATES.items():
        print(f"{word:10} {meaning}")
    print("\n`gtx datasets info NAME` tells all about one.")


# What the table says of where data come from.
_STATES = {
    "here": "made on the spot",
    "yours": "files of your own",
    "fetch": "`gtx datasets fetch NAME` downloads it",
    "fetch*": "the same, but its real files could not be reached when their reader was written: it "
    "is tested on small files of their form",
    "fetch(*)": "so it is for some of its sets; `info` with the field says for which",
    "by hand": "published, but only you can get it: put the file where `info` says",
}


def _state(kind: type[DataSource]) -> str:
    """Where its data come from, a word of `_STATES`."""
    source = _default(kind)
    known = None if source is None else source.published()
    if source is None or known is None or not source.file:
        reads = {"root", "path"} & {field.name for field in dataclasses.fields(kind)}
        return "yours" if reads else "here"
    if not known.files:
        return "by hand"
    fields = {"root": "."} if "root" in {field.name for field in dataclasses.fields(kind)} else {}
    every = [kind(**fields, **variant).published() for variant in kind.variants()]
    tried = {each.tried for each in every if each is not None}
    return "fetch(*)" if len(tried) == 2 else "fetch" if True in tried else "fetch*"


def _size(kind: type[DataSource]) -> str:
    variants, known = kind.variants(), _published(kind)
    if len(variants) > 1:
        return f"{len(variants)} sets"
    if known is None or known.statistics is None:
        return ""
    sizes = known.statistics
    return f"{sizes.nodes:,} nodes" if sizes.graphs == 1 else f"{sizes.graphs:,} graphs"


def _published(kind: type[DataSource]) -> Published | None:
    source = _default(kind)
    return None if source is None else source.published()


def _about(source: type[DataSource]) -> str:
    return (sys.modules[source.__module__].__doc__ or "").partition("\n")[0]


def _short(name: str, source: type[DataSource]) -> str:
    """A source in a few lines: its description, its needs and its fields."""
    lines = [_about(source), f"Needs {source.needs or 'nothing'}.", _origin(name, source)]
    lines.append(f"Fields: {_fields(source)}.")
    wrapped = "\n".join(textwrap.fill(line, _WIDTH) for line in lines)
    return f"{name}\n{textwrap.indent(wrapped, '    ')}"


def _origin(name: str, kind: type[DataSource]) -> str:
    """Where its data come from, in a sentence."""
    known, state = _published(kind), _state(kind)
    if state in ("yours", "here") or known is None:
        return {"yours": "Nothing can be fetched: put its files there."}.get(
            state, "Made on the spot."
        )
    if not known.files:
        return "Published; nothing can be fetched, put the file there yourself."
    pinned = all(remote.sha256 for remote in known.files)
    tried = "were read" if known.tried else "could not be reached"
    return (
        f"Published; `gtx datasets fetch {name}` downloads it. Its files {tried} when "
        f"this was written; sha256 {'pinned' if pinned else 'not pinned: checked by its sizes'}."
    )


def _default(kind: type[DataSource]) -> DataSource | None:
    """The source with its defaults; None if a field other than its root must be given."""
    fields = dataclasses.fields(kind)
    needed = {field.name for field in fields if field.default is dataclasses.MISSING}
    if needed - {"root"}:
        return None
    return kind(**({"root": "."} if "root" in needed else {}))


def _everything(name: str, kind: type[DataSource], given: Sequence[str], root: str) -> str:
    parts = [_short(name, kind), textwrap.indent(inspect.getdoc(kind) or "", "    ")]
    source = _made(name, kind, given, root) if given else _default(kind)
    if source is not None and source.published() is not None:
        parts.append(textwrap.indent(_terms(source), "    "))
    variants = [" ".join(f"{k}={v}" for k, v in each.items()) for each in kind.variants()]
    if len(variants) > 1:
        text = textwrap.fill(f"Variants: {', '.join(variants)}.", _WIDTH)
        parts.append(textwrap.indent(text, "    "))
    return "\n\n".join(parts) + "\n"


def _terms(source: DataSource) -> str:
    """Whose a published dataset is, on what terms, and what is known of its files."""
    known = source.published()
    assert known is not None, "asked for sources that are published"
    lines = [f"Licence: {known.licence}.", f"Cite: {known.citation}.", f"Page: {known.page}"]
    if known.metric:
        lines.append(f"Scored by {known.metric} (config.task.metric).")
    for field, count in (("negatives", known.negatives), ("candidates", known.candidates)):
        if count:
            lines.append(f"Published recipes have config.task.{field}={count}.")
    if known.statistics is not None:
        sizes = dataclasses.asdict(known.statistics)
        told = [f"{value:,} {what}" for what, value in sizes.items() if isinstance(value, int)]
        if known.statistics.parts:
            told.append(" / ".join(f"{part:,}" for part in known.statistics.parts))
        lines.append(f"Published sizes: {', '.join(told)}.")
    for remote in known.files:
        pin = f"sha256 {remote.sha256}" if remote.sha256 else "sha256 not pinned"
        lines.append(f"File: {remote.url} ({pin})")
    if known.files and not known.tried:
        lines.append(
            "These files could not be reached when this was written: what reads them is tested on "
            "small files of their form."
        )
    return "\n".join(lines)


def _fields(source: type[DataSource]) -> str:
    """The fields of `config.data` that it reads, with their defaults."""
    return ", ".join(
        field.name if field.default is dataclasses.MISSING else f"{field.name}={field.default!r}"
        for field in dataclasses.fields(source)
    )
