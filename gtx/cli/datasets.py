"""List the sources of data that a recipe may name, and what each needs.

    gtx datasets
    gtx datasets --name=zinc

A source is chosen by `config.data.name`. The fields that are listed are those of `config.data`
that it reads; one without a value must be given.
"""

import dataclasses
import inspect
import sys
import textwrap

from absl import flags
from absl.flags import FlagValues

from gtx.data.sources import SOURCES, DataSource
from gtx.recipes.rules import choose

_WIDTH = 88


def define(values: FlagValues) -> None:
    flags.DEFINE_string(
        "name", None, "Tell all about this source; by default all are listed.", flag_values=values
    )


def main(values: FlagValues) -> None:
    if values.name is not None:
        print(_everything(values.name, choose(SOURCES, values.name, "--name")), end="")
        return
    for name, source in SOURCES.items():
        print(_short(name, source))


def _short(name: str, source: type[DataSource]) -> str:
    """A source in a few lines: its description, its needs and its fields."""
    about = (sys.modules[source.__module__].__doc__ or "").partition("\n")[0]
    lines = [about, f"Needs {source.needs or 'nothing'}.", f"Fields: {_fields(source)}."]
    wrapped = "\n".join(textwrap.fill(line, _WIDTH) for line in lines)
    return f"{name}\n{textwrap.indent(wrapped, '    ')}"


def _everything(name: str, source: type[DataSource]) -> str:
    return f"{_short(name, source)}\n\n{textwrap.indent(inspect.getdoc(source) or '', '    ')}\n"


def _fields(source: type[DataSource]) -> str:
    """The fields of `config.data` that it reads, with their defaults."""
    return ", ".join(
        field.name if field.default is dataclasses.MISSING else f"{field.name}={field.default!r}"
        for field in dataclasses.fields(source)
    )
