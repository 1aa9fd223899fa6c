"""Columns of a batch, read by name and level."""

from collections.abc import Iterable
from typing import Any

from gtx.batch import Batch, check_is_batch
from gtx.ops.arguments import check_array, check_choice, check_length
from gtx.typing import LEVELS, Level


def read_column(batch: Batch, level: Level, column: str) -> tuple[Any, Any]:
    """A column of a batch and the mask of its rows.

    Raises:
      TypeError: the batch is not a Batch.
      ValueError: it has no such column, or the column does not have one row for each entry.
    """
    mask = level_mask(batch, level)
    columns = {
        "node": batch.graph.nodes,
        "edge": batch.graph.edges,
        "pair": batch.pairs,
        "graph": batch.graph.globals,
    }[level]
    if columns is None or column not in columns:
        raise ValueError(
            f"The batch has no {level} column {column!r}; it has {sorted(columns or ())}. "
            "Add the encoding that computes it, or take it out of the model."
        )
    check_array(columns[column], f"The {level} column {column!r}", "[rows, ...]")
    check_length(columns[column], mask.shape[0], f"The {level} column {column!r}", LEVELS[level])
    return columns[column], mask


def module_name(prefix: str, column: str) -> str:
    """The name of the module that reads a column. A slash would part it in paths of parameters."""
    return f"{prefix}_{column}".replace("/", ":")


def check_module_names(columns: Iterable[tuple[str, str]]) -> None:
    """Raise a ValueError if two columns, each with its prefix, have modules of one name."""
    known: dict[str, str] = {}
    for prefix, column in columns:
        name = module_name(prefix, column)
        if name in known:
            raise ValueError(
                f"the columns {known[name]!r} and {column!r} would both be read by a module "
                f"{name!r}. Rename one of them."
            )
        known[name] = column


def level_mask(batch: Batch, level: Level) -> Any:
    """The mask of the rows of one level."""
    check_is_batch(batch)
    check_choice(level, LEVELS, "level")
    return getattr(batch, f"{level}_mask")
