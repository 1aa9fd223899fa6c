"""Draws graphs that are no molecules with the contributions of nodes and edges, as SVG and PNG.

Needs the extra `networkx`, which places the nodes; matplotlib draws them.
"""

import dataclasses
import io
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from gtx.explain.drawing import ABOVE, BELOW, colour
from gtx.explain.edges import reverses
from gtx.explain.explanation import Explanation

# Nodes of a picture at most: more of them cannot be told apart.
MOST_NODES = 60
_LEGEND = 72  # characters below the scale
_GREY = 0.78  # of an edge that contributes nothing


@dataclasses.dataclass(frozen=True)
class Drawn:
    """One graph of a picture.

    Attributes:
      nodes: float64 [nodes], the contributions of nodes; NaN has no colour.
      senders, receivers: int [edges]; of a graph without directions each edge once.
      edges: float64 [edges], likewise those of edges.
      directed: whether edges are arrows.
      target: the nodes that the prediction is for, or that an edge or a pair is between.
    """

    nodes: np.ndarray
    senders: np.ndarray
    receivers: np.ndarray
    edges: np.ndarray
    directed: bool
    target: tuple[int, ...] = ()


def drawn(
    found: Explanation, senders: np.ndarray, receivers: np.ndarray, target: Sequence[int] = ()
) -> Drawn:
    """What a picture of an explanation shows.

    Where contributions add up, the two directions of an edge and parallel edges are drawn as one,
    with their sum. Edges that are not drawn (of further edge sets, all pairs of nodes) go to their
    ends, half and half. So the colours of nodes and edges together add up as the explanation does.

    Args:
      found: of a graph.
      senders, receivers: int [edges], its edges, of which the explanation may say nothing.
      target: the nodes that the prediction is for, if it is for nodes, edges or pairs.
    """
    shares = found.edges.get("graph")
    values = np.full(len(senders), np.nan)
    if shares is not None:
        senders, receivers, values = shares.senders, shares.receivers, shares.values
    others = {name: shares for name, shares in found.edges.items() if name != "graph"}
    nodes = dataclasses.replace(found, edges=others).nodes
    inside = (senders < found.num_nodes) & (receivers < found.num_nodes)
    senders, receivers, values = senders[inside], receivers[inside], values[inside]
    directed = reverses(senders, receivers) is None
    ends = np.stack([senders, receivers], axis=1)
    if not directed:
        ends = np.sort(ends, axis=1)
    ends, place = np.unique(ends.reshape(-1, 2), axis=0, return_inverse=True)
    together = np.zeros(len(ends))
    if found.method == "leave one edge out":  # of several edges the one that matters most
        order = np.argsort(np.abs(values), kind="stable")
        together[place[order]] = values[order]
    else:
        np.add.at(together, place, values)
    return Drawn(nodes, ends[:, 0], ends[:, 1], together, directed, tuple(map(int, target)))


def near(graph: Drawn, most: int = MOST_NODES) -> tuple[np.ndarray, str]:
    """The nodes that are drawn, and what to say of the others.

    All nodes, if they are not too many. If they are, the target with all nodes up to so many steps
    from it as there is room for; a prediction for the whole graph has the node that contributes
    most in place of a target. Of neighbours that are too many those with the largest contributions
    are drawn.

    Returns:
      Numbers of nodes, ascending, and a text, "" if all are there.
    """
    size = len(graph.nodes)
    if size <= most:
        return np.arange(size), ""
    weight = np.abs(np.nan_to_num(graph.nodes))
    for end in (graph.senders, graph.receivers):
        np.maximum.at(weight, end, np.abs(np.nan_to_num(graph.edges)))
    centre = graph.target or (int(weight.argmax()),)
    chosen = np.zeros(size, bool)
    chosen[list(centre)] = True
    steps, text = 0, ""
    while True:
        touched = chosen.copy()
        touched[graph.receivers[chosen[graph.senders]]] = True
        touched[graph.senders[chosen[graph.receivers]]] = True
        new = np.flatnonzero(touched & ~chosen)
        if not len(new):
            break
        if chosen.sum() + len(new) > most:
            if steps == 0:
                room = max(most - int(chosen.sum()), 0)
                chosen[new[np.argsort(-weight[new], kind="stable")[:room]]] = True
                text = f", {room} of its {len(new):,} neighbours"
            break
        chosen, steps = touched, steps + 1
    name = f"node {centre[0]}" if len(centre) == 1 else f"nodes {' and '.join(map(str, centre))}"
    around = text or f" and up to {steps} step{'s' * (steps != 1)} around"
    nodes = np.flatnonzero(chosen)
    return nodes, f"{len(nodes)} of {size:,} nodes: {name}{around}"


def draw(
    graph: Drawn, title: str, legend: str, *, limit: float | None = None, most: int = MOST_NODES
) -> tuple[str, bytes]:
    """A graph, and below it the scale of colours.

    Args:
      graph: what to draw.
      title: above it.
      legend: what the colours show, with the unit.
      limit: the value of the full colour; None is the largest among what is drawn.
      most: nodes that are drawn; see `near`.

    Returns:
      SVG and PNG.

    Raises:
      ImportError: networkx is not installed.
    """
    check_networkx()
    import matplotlib
    import networkx
    from matplotlib.figure import Figure

    chosen, text = near(graph, most)
    rows = np.flatnonzero(np.isin(graph.senders, chosen) & np.isin(graph.receivers, chosen))
    pairs = list(zip(graph.senders[rows].tolist(), graph.receivers[rows].tolist(), strict=True))
    shown: Any = networkx.DiGraph() if graph.directed else networkx.Graph()
    shown.add_nodes_from(chosen.tolist())
    shown.add_edges_from(pairs)
    values = np.abs(np.concatenate([graph.nodes[chosen], graph.edges[rows]]))
    if limit is None:
        limit = float(values[np.isfinite(values)].max(initial=0.0))
    by_edge = dict(zip(pairs, graph.edges[rows].tolist(), strict=True))
    figure = Figure(figsize=(5.6, 6.0))
    axes = figure.add_axes((0.02, 0.15, 0.96, 0.75))
    axes.set_axis_off()
    axes.margins(0.08)
    axes.set_title("\n".join(filter(None, (title, text))), fontsize=11, parse_math=False)
    if len(chosen):
        _parts(axes, shown, by_edge, graph, limit)
    else:
        axes.text(0.5, 0.5, "no nodes", ha="center")
    _bar(figure, legend, limit)
    with matplotlib.rc_context({"svg.hashsalt": "gtx"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # a box stands for the letter
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None})
        figure.savefig(png, format="png", dpi=120)
    return svg.getvalue(), png.getvalue()


def check_networkx() -> None:
    """Raise an ImportError that names the extra, if networkx is not installed."""
    try:
        import networkx  # noqa: F401
    except ImportError as error:
        raise ImportError('drawing graphs needs networkx: pip install "gtx-jax[networkx]".') from (
            error
        )


def _parts(axes: Any, shown: Any, by_edge: dict[Any, float], graph: Drawn, limit: float) -> None:
    """The nodes and edges, with their colours and the numbers of nodes."""
    import networkx

    plain = shown.to_undirected()
    many = len(plain) > 25
    if networkx.is_connected(plain) and not many:  # it takes seconds, and parts lie apart
        places = networkx.kamada_kawai_layout(plain)
    else:
        places = networkx.spring_layout(plain, seed=0, iterations=200)
    size = 190 if many else 420
    options: dict[str, Any] = {}
    if graph.directed:
        options = dict(arrows=True, arrowsize=9, connectionstyle="arc3,rad=0.08")
    ends = list(shown.edges)
    if ends:
        # Of a graph without directions networkx may name the ends the other way round.
        values = [by_edge.get(pair, by_edge.get(pair[::-1], np.nan)) for pair in ends]
        networkx.draw_networkx_edges(
            shown, places, ax=axes, edgelist=ends, node_size=size,
            edge_color=[_edge_colour(value, limit) for value in values],
            width=[1.2 + 3 * _share(value, limit) for value in values], **options,
        )  # fmt: skip
    nodes = list(shown)
    marked = set(graph.target)
    networkx.draw_networkx_nodes(
        shown, places, ax=axes, nodelist=nodes, node_size=size,
        node_color=[colour(np.nan_to_num(graph.nodes[node]), limit) for node in nodes],
        edgecolors=["black" if node in marked else "0.45" for node in nodes],
        linewidths=[2.6 if node in marked else 0.7 for node in nodes],
    )  # fmt: skip
    networkx.draw_networkx_labels(shown, places, ax=axes, font_size=6 if many else 9)


def _share(value: float, limit: float) -> float:
    return min(abs(value) / limit, 1.0) if limit > 0 and np.isfinite(value) else 0.0


def _edge_colour(value: float, limit: float) -> tuple[float, ...]:
    """Grey at 0, where white would not be seen, to the colours of nodes."""
    share, end = _share(value, limit), ABOVE if value > 0 else BELOW
    return tuple(_GREY + share * (part - _GREY) for part in end)


def _bar(figure: Any, legend: str, limit: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    limit = limit or 1.0
    scale = LinearSegmentedColormap.from_list("contributions", [BELOW, (1, 1, 1), ABOVE])
    bar = figure.colorbar(
        ScalarMappable(Normalize(-limit, limit), scale),
        cax=figure.add_axes((0.2, 0.105, 0.6, 0.025)),
        orientation="horizontal",
        ticks=[-limit, 0, limit],
    )
    bar.ax.set_xticklabels([f"{-limit:.3g}", "0", f"{limit:.3g}"])
    bar.set_label(legend if len(legend) <= _LEGEND else f"{legend[: _LEGEND - 3]}...")
    bar.ax.xaxis.label.set_parse_math(False)
