"""Write docs/models.md: `python -m experiments.models`.

The page is made from the models, their recipes and what was measured: docs/model_scores.json,
which holds, by the name of a recipe, a dict of `score`, `command` and `date`; and the tables of
`experiments.model_tables`.
"""

import ast
import functools
import importlib
import inspect
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments import model_tables
from experiments.figures import attention, triangles
from gtx import batching, recipes
from gtx.models import MODELS, Model
from gtx.recipes.models import needs_dense

ROOT = pathlib.Path(__file__).parents[1]
PAGE, SCORES = ROOT / "docs" / "models.md", ROOT / "docs" / "model_scores.json"

INTRODUCTION = """\
# Models

A published model is a frozen dataclass in a file of its own, `gtx/models/`. Its fields are its
hyper-parameters, with the defaults of its paper; `build` puts it together from parts of `gtx.nn`. A
recipe names it in `config.model.name`. `gtx describe --config=configs/<recipe>.py` tells its
parameters even where the files of the data are absent.

This page is written by `python -m experiments.models` from the code.

- *Needs*: "all pairs" is a dense layout, in which each node of a graph meets all others. Then come
  the encodings that the recipe computes, and the structures that it adds.
- *Complexity* is that of a layer, with n nodes, m edges and width d.
- *Parts* are the classes of `gtx.nn` that the file puts together.
- *Parameters* and scores are those of the recipe. *Published* is the paper's number; nothing in
  that column was measured here. Where it was compared with a table is told below.
"""
SOURCES = """\
## Where published numbers come from

Numbers of these sources were compared with the text of the paper that is named.

- Exphormer: scores with table 1 (CIFAR10, MNIST, PATTERN, CLUSTER) and table 3 (Peptides) of
  Shirzad et al. (2023), parameters with its tables 7 and 8. Table 8 states 426,427 for
  Peptides-struct, which eight virtual nodes make and not the six of the same table.
- GPS: scores and parameters on CIFAR10, MNIST, PATTERN and CLUSTER are those that tables 1, 2, 10,
  11, 13 and 14 of the same paper restate.
- GNN+: parameters with a copy of tables 8 to 13 of Luo et al. (2025), not with the paper itself.
  Its scores are as others cite them.
- The baselines of LRGB (GCN, GINE, GatedGCN, Transformer and SAN on Peptides): scores and rounded
  parameters with the README of vijaydwivedi75/lrgb.
- EGT on MNIST, CIFAR10, PATTERN and CLUSTER: scores with the README of shamim-hussain/egt; on
  molhiv, molpcba and PCQM4Mv2 with that of shamim-hussain/egt_pytorch. Graphormer on molhiv and
  molpcba: means with the README of microsoft/Graphormer v1.0.
- GT, SAN, EGT, Specformer, SAT of k-subgraphs, GPS and GRIT: scores on ZINC, MNIST, CIFAR10,
  PATTERN, CLUSTER and Peptides are those that tables 2 and 3 of Luo et al. (2024), "Enhancing
  Graph Transformers with Hierarchical Distance Structural Encoding", restate.

All others are as cited elsewhere, and were not compared with the paper's table; among them SAT of
k-subtrees. Parameters that no text states were counted from the
layers and the configuration of the authors' code, as `tests/configs/test_parameter_counts.py` says
for each recipe.
"""
PICTURES = """\
## What attends to what

A row is a receiver, a column a sender. A colour is a weight, the mean of the heads; white is no
entry. Each picture shows what the first layer of the model hands to `gtx.ops.attention`, on
caffeine or on a path of tokens, with random parameters. In that of SAN the pairs without an edge
are grey.
They are drawn by `python -m experiments.figures.attention`.

"""
TRIANGLES = """\
## What triangles attend to

A pair of nodes (i, j) attends to third nodes k. The colour of an atom k is its weight, the mean of
the heads; the atoms i and j have rings. Each picture shows what the first layer of the model hands
to `gtx.ops.triangle`, on caffeine, with random parameters; that of TGT its inward update.
They are drawn by `python -m experiments.figures.triangles`.

"""
COLUMNS = (
    "model", "name", "paper", "needs", "complexity", "parts", "recipe", "parameters",
    "score here", "published",
)  # fmt: skip


def parameters(recipe: str) -> int | None:
    """The parameters of a recipe at its full size; None where a file of the user decides."""
    config = config_of(recipe)
    if recipes.declared_spec(config) is None:
        return None
    graphs = recipes.example(config)
    batch = batching.batch_graphs(graphs, dense=needs_dense(config))
    init = functools.partial(recipes.model(config, graphs.spec).init, train=False)
    shapes = jax.eval_shape(init, jax.random.key(0), batch)["params"]
    return int(sum(np.prod(leaf.shape, dtype=np.int64) for leaf in jax.tree.leaves(shapes)))


def config_of(recipe: str) -> ConfigDict:
    return importlib.import_module(f"configs.{recipe}").get_config()


def page(
    count: Callable[[str], int | None] = parameters, scores: Mapping[str, Any] | None = None
) -> str:
    """The text of docs/models.md.

    Args:
      count: the parameters of a recipe by its name.
      scores: of docs/model_scores.json, read if None.
    """
    found = read_scores() if scores is None else scores
    rows = [row(name, kind, count, found) for name, kind in sorted(MODELS.items())]
    table = [_line(COLUMNS), _line(["---"] * len(COLUMNS)), *map(_line, rows)]
    sections = [INTRODUCTION, "\n".join(table) + "\n", SOURCES, *model_tables.sections()]
    for text, folder, pictures in (
        (PICTURES, "models", attention.PICTURES),
        (TRIANGLES, "triangles", triangles.PICTURES),
    ):
        titles = {name: picture.title for name, picture in pictures.items()}
        lines = [f"![{title}](figures/{folder}/{name}.png)" for name, title in titles.items()]
        sections.append(text + "\n".join(lines) + "\n")
    return "\n".join(sections)


def row(
    name: str,
    kind: type[Model],
    count: Callable[[str], int | None],
    scores: Mapping[str, Any],
) -> list[str]:
    """The cells of one model."""
    file = pathlib.Path(inspect.getfile(kind)).relative_to(ROOT)
    linked = f"[{kind.__name__}](../{file})"
    parts = ", ".join(parts_of(file))
    if not (ROOT / "configs" / f"{kind.recipe}.py").exists():  # a recipe that is still to come
        bare = ["", kind.complexity, parts, kind.recipe, "", "", kind.published]
        return [linked, name, kind.paper, *bare]
    config = config_of(kind.recipe)
    number = count(kind.recipe)
    recipe = f"[{kind.recipe}](../configs/{kind.recipe}.py)"
    score = scores.get(kind.recipe)
    here = "" if score is None else f"{score['score']} (`{score['command']}`, {score['date']})"
    return [
        linked, name, kind.paper, needs(config), kind.complexity, parts, recipe,
        "" if number is None else f"{number:,}", here, kind.published,
    ]  # fmt: skip


def needs(config: ConfigDict) -> str:
    """What a recipe's model reads beside nodes and edges, in words."""
    found = ["all pairs"] if needs_dense(config) else []
    found += [type(encoding).__name__ for encoding in recipes.encodings(config)]
    found += [type(structure).__name__ for structure in recipes.structures(config)]
    return ", ".join(found)


def parts_of(file: pathlib.Path) -> list[str]:
    """The classes that a file imports from `gtx.nn`, in alphabetical order."""
    tree = ast.parse((ROOT / file).read_text())
    return sorted(
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gtx.nn")
        for alias in node.names
        if inspect.isclass(getattr(importlib.import_module(str(node.module)), alias.name))
    )


def read_scores() -> dict[str, Any]:
    return json.loads(SCORES.read_text())


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page())
