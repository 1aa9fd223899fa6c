"""E8: an encoding of the order breaks a symmetry that encodings of the graph keep."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.paper import batches, graphs, style
from experiments.paper.claim import Claim, Gate, limit
from experiments.paper.encoded_block import DIM, ENCODED, EXACT, encoded_block, on_graphs
from experiments.paper.measurement import Measurement
from gtx import encodings


def simple_graph(rng: np.random.Generator, n: int) -> np.ndarray:
    """A random connected graph without repeated eigenvalues.

    The eigenvectors of a repeated eigenvalue are an arbitrary basis: that is the subject of E9.
    """
    while True:
        adjacency = np.minimum(graphs.random_graph(rng, n, 0.3) + graphs.path(n), 1)
        full = encodings.LaplacianEigenvectors(n)(adjacency[None])
        if np.diff(full["graph", "laplacian_values"]).min() > 1e-3:
            return adjacency


def renumbering_errors(name: str, num_graphs: int, permutations: int, n: int = 9) -> list[float]:
    """Max |f(P x) - P f(x)| for each random graph and each renumbering P, in float64."""
    rng = np.random.default_rng(0)
    found = np.stack([simple_graph(rng, n) for _ in range(num_graphs)])
    x = rng.normal(size=(num_graphs, n, DIM))
    encoding = ENCODED[name][0]
    batch = batches.with_columns(batches.batch_of(list(found)), batches.encoded(encoding, found))
    run = encoded_block(name, batch)
    before = on_graphs(run, x, batch)
    errors: list[float] = []
    for _ in range(permutations):
        order = np.stack([rng.permutation(n) for _ in found])
        number = np.arange(num_graphs)[:, None]
        renamed = found[number[..., None], order[:, :, None], order[:, None]]
        columns = batches.encoded(encoding, renamed)
        other = batches.with_columns(batches.batch_of(list(renamed)), columns)
        after = on_graphs(run, x[number, order], other)
        errors += np.abs(after - before[number, order]).max(axis=(1, 2)).tolist()
    return errors


def order_and_structure(
    num_graphs: int = 20, permutations: int = 5, names: Sequence[str] = tuple(ENCODED)
) -> Measurement:
    """Measure how far a block that reads an encoding is from following a renumbering."""
    with jax.enable_x64(True):
        errors = {name: renumbering_errors(name, num_graphs, permutations) for name in names}
    values = dict(
        order=float(np.median(errors["order (sinusoidal)"])),
        raw_eigenvectors=float(np.median(errors["LapPE, raw"])),
        graph_encodings=max(max(errors[name]) for name in names if name in EXACT),
        num_graph_encodings=sum(name in EXACT for name in names),
    )
    return Measurement(values, curves=dict(equivariance_error=errors))


def draw_figure() -> Figure:
    """Draw the error under renumbering for each encoding."""
    found = order_and_structure(8, 2).curves["equivariance_error"]
    figure, axes = style.new(height=4.2)
    axis = axes[0, 0]
    logs = [np.log10(np.maximum(values, 1e-18)) for values in found.values()]
    for place, (name, values) in enumerate(zip(found, logs, strict=True)):
        colour = style.BLUE if name in EXACT else style.RED
        parts: Any = axis.violinplot(
            [values], [place], orientation="horizontal", showextrema=False, widths=0.8
        )
        for body in parts["bodies"]:
            body.set(facecolor=colour, alpha=0.35)
        axis.plot(values, np.full(len(values), place), "|", color=colour, markersize=9)
    axis.axvline(-10, color=style.GREY, linestyle="--")
    axis.text(-9.8, 6.5, "gate", color=style.GREY)
    for y, text, colour in (
        (4, "invariant functions\nof the graph", style.BLUE),
        (1.9, "order, or vectors\nas they are", style.RED),
    ):
        axis.text(-8.8, y, text, color=colour, va="center")
    axis.set_yticks(range(len(found)), list(found))
    axis.invert_yaxis()
    axis.set_xticks([-16, -12, -8, -4, 0], [f"$10^{{{n}}}$" for n in (-16, -12, -8, -4, 0)])
    axis.set_xlabel("|f(P x) − P f(x)|")
    return figure


CLAIM = Claim(
    number=8,
    place="3",
    says="A positional encoding hints at the order of a sequence or the structure of a graph.",
    test="A Transformer block that reads an encoding, on 20 random graphs without repeated "
    "eigenvalues (E9 has those), renumbered 5 times, float64.",
    measure=order_and_structure,
    gates=(
        Gate(
            "graph_encodings", "<=", 1e-10, "largest error of equivariance, encodings of the graph"
        ),
        Gate("order", ">=", 1e-2, "median error with an encoding of the order"),
        limit("raw_eigenvectors", ">=", 1e-2, "median error with raw eigenvectors"),
    ),
    effect="{graph_encodings:.1e} for {num_graph_encodings:.0f} encodings of graphs; {order:.2g} "
    "for sinusoids of the order, {raw_eigenvectors:.2g} for raw eigenvectors",
    argument="To be a hint of the structure alone it must be a function of the graph that does not "
    "see the numbering, and eight are; the raw eigenvectors of Dwivedi and Bresson (2020), whom "
    "the paper cites, also hint at signs that are an accident ({raw_eigenvectors:.2g}).",
    conditional=True,
    draw=draw_figure,
    notebook="02_positions_and_structure",
)
