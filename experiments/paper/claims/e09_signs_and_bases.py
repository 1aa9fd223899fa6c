"""E9: eigenvectors are known up to signs and bases only; some encoders do not see these."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from matplotlib.figure import Figure

from experiments.paper import batches, graphs, style
from experiments.paper.claim import Claim, Gate, limit
from experiments.paper.encoded_block import (
    DIM,
    LAPLACIAN,
    encoded_block,
    flipped,
    on_graphs,
    rotated,
)
from experiments.paper.measurement import Measurement, largest_difference
from gtx import encodings

# Graphs of six nodes: three with repeated eigenvalues, and one without.
SYMMETRIC = {
    "C6": graphs.ring(6),
    "K6": graphs.complete(6),
    "two triangles": graphs.union(graphs.ring(3), graphs.ring(3)),
}
IRREGULAR = graphs.with_edges(6, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 2), (1, 4)])


def changes(name: str, adjacency: np.ndarray, change: Any, draws: int) -> list[float]:
    """Max |f(v') - f(v)| for each draw of v', which are eigenvectors just as v are."""
    rng = np.random.default_rng(0)
    (columns,) = batches.encoded(LAPLACIAN, [adjacency])
    plain = batches.batch_of([adjacency])
    batch = batches.with_columns(plain, [columns])
    run = encoded_block(name, batch)
    x = rng.normal(size=(1, len(adjacency), DIM))
    before = on_graphs(run, x, batch)
    return [
        largest_difference(
            on_graphs(run, x, batches.with_columns(plain, [change(columns, rng)])), before
        )
        for _ in range(draws)
    ]


def sign_and_basis(draws: int = 10, symmetric: Sequence[str] = tuple(SYMMETRIC)) -> Measurement:
    """Measure how the result of each encoder changes with the signs and bases of eigenvectors."""
    found: dict[str, dict[str, list[float]]] = {}
    with jax.enable_x64(True):
        for name in ("LapPE, raw", "LapPE, SignNet", "LapPE, SPE"):
            found[name] = {"signs": changes(name, IRREGULAR, flipped, draws)}
            for graph in symmetric:
                found[name][graph] = changes(name, SYMMETRIC[graph], rotated, draws)

    def over_bases(name: str, reduce: Any) -> float:
        return reduce(value for graph in symmetric for value in found[name][graph])

    values = dict(
        raw_signs=min(found["LapPE, raw"]["signs"]),
        raw_bases=over_bases("LapPE, raw", min),
        signnet_signs=max(found["LapPE, SignNet"]["signs"]),
        signnet_bases=over_bases("LapPE, SignNet", max),
        spe_signs=max(found["LapPE, SPE"]["signs"]),
        spe_bases=over_bases("LapPE, SPE", max),
    )
    return Measurement(values, curves=dict(change_by_encoder=found))


def draw_figure(n: int = 12) -> Figure:
    """Draw two eigenvectors of a cycle, another basis of their space, and who sees the change."""
    columns = encodings.LaplacianEigenvectors(3)(graphs.ring(n)[None])
    vectors = columns["node", "laplacian_vectors"][0, :, 1:3]
    turn = np.array([[np.cos(0.8), -np.sin(0.8)], [np.sin(0.8), np.cos(0.8)]])
    rotated = vectors @ turn
    laplacian = np.diag(graphs.ring(n).sum(0)) - graphs.ring(n)
    value = 2 - 2 * np.cos(2 * np.pi / n)
    for pair in (vectors, rotated):
        np.testing.assert_allclose(laplacian @ pair, value * pair, atol=1e-6)
    figure = Figure(figsize=(style.WIDTH, 4.3), dpi=style.DPI, layout="constrained")
    grid = figure.add_gridspec(2, 4, width_ratios=(1, 1, 0.25, 2.2))
    high = np.abs(vectors).max() * 1.1
    for row, (pair, name) in enumerate(((vectors, "a basis"), (rotated, "another"))):
        for column in range(2):
            axis = figure.add_subplot(grid[row, column])
            points = style.drawing(
                axis,
                graphs.ring(n),
                style.on_circle(n),
                pair[:, column],
                size=90,
                cmap="PuOr",
                vmin=-high,
                vmax=high,
            )
            if column == 0:
                axis.set_title(name, loc="left")
            if row == 1:
                bar = figure.colorbar(points, ax=axis, location="bottom", shrink=0.9, pad=0.02)
                bar.set_ticks([-0.4, 0, 0.4])
                bar.set_label(f"vector {column + 1}", fontsize=12)
                bar.ax.tick_params(labelsize=11)
    found = sign_and_basis(draws=3, symmetric=("C6",)).curves["change_by_encoder"]
    axis = figure.add_subplot(grid[:, 3])
    names = {"LapPE, raw": "raw", "LapPE, SignNet": "SignNet", "LapPE, SPE": "SPE"}
    for shift, kind, colour in ((-0.2, "signs", style.SKY), (0.2, "C6", style.BLUE)):
        largest = [max(*found[name][kind], 1e-17) for name in names]
        label = "other signs" if kind == "signs" else "another basis"
        axis.bar(np.arange(3) + shift, largest, 0.38, color=colour, label=label)
        for place, size in enumerate(largest):
            if size == 1e-17:
                axis.text(place + shift, 1.5e-17, "0", ha="center")
    axis.set_yscale("log")
    axis.set_ylim(1e-17, 1e9)
    axis.axhline(1e-6, color=style.GREY, linestyle="--")
    axis.text(2.45, 3e-6, "gate", color=style.GREY, ha="right")
    axis.set_xticks(range(3), list(names.values()))
    axis.set_title("change of the result")
    axis.legend(loc="upper right")
    return figure


CLAIM = Claim(
    number=9,
    place="3",
    says="On graphs, positional encodings softly inject the structure, as eigenvectors of the "
    "Laplacian do.",
    test="Eigenvectors with signs flipped, and with the bases of repeated eigenvalues rotated (C6, "
    "K6, two triangles): raw, SignNet, SPE; float64.",
    measure=sign_and_basis,
    gates=(
        Gate("signnet_signs", "<=", 1e-6, "largest change of SignNet under flipped signs"),
        Gate("spe_signs", "<=", 1e-6, "largest change of SPE under flipped signs"),
        Gate("spe_bases", "<=", 1e-6, "largest change of SPE under rotated bases"),
        limit("raw_signs", ">=", 1e-2, "smallest change of raw eigenvectors under flipped signs"),
        limit("raw_bases", ">=", 1e-2, "smallest change of raw eigenvectors under rotated bases"),
        limit("signnet_bases", ">=", 1e-3, "largest change of SignNet under rotated bases"),
    ),
    effect="invariant {spe_bases:.1e}; raw {raw_signs:.2g} (signs), {raw_bases:.2g} (bases)",
    argument="The encoder must not see signs, nor the bases of repeated eigenvalues, which are no "
    "structure of the graph: read as they are the result changes by {raw_signs:.2g} and "
    "{raw_bases:.2g}, and SignNet still sees bases ({signnet_bases:.2g}).",
    conditional=True,
    draw=draw_figure,
    notebook="02_positions_and_structure",
)
