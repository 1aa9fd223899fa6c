"""Which encoder reads which column: what a model says, and otherwise what follows from the data."""

import dataclasses
import functools
from collections.abc import Collection, Mapping
from typing import Any

from gtx.limits import unknown
from gtx.models.model import Encoding, Spec
from gtx.models.parts import ENCODER, bind, fields_of, unwrapped
from gtx.nn.encoders import ConstantEncoder, EdgePairEncoder
from gtx.typing import ModuleFactory

# For the node columns of an encoding that names no encoder: normalised, it suits any scale.
ANY_SCALE = {"name": "linear", "norm": "batch"}


@dataclasses.dataclass(frozen=True)
class ColumnEncoders:
    """Factories for the fields of `gtx.nn.Embed` of the same names."""

    nodes: dict[str, ModuleFactory]
    encodings: dict[str, ModuleFactory]
    edges: dict[str, ModuleFactory]
    pairs: dict[str, ModuleFactory]
    graphs: dict[str, ModuleFactory]
    edge_sets: dict[str, dict[str, ModuleFactory]]

    def replace(self, **changes: Any) -> "ColumnEncoders":
        return dataclasses.replace(self, **changes)

    def for_layer(self, layer: Any, field: str = "local") -> "ColumnEncoders":
        """With those edges alone that a layer reads: its class says so, and its field `edges`.

        Args:
          layer: factory of a layer of `gtx.nn.local`; None keeps the given graph's edges.
          field: of the model, which names the layer.

        Raises:
          ValueError: the layer runs over an edge set that the data do not have.
        """
        if layer is None:
            return self.replace(edge_sets={})
        kind, bound = unwrapped(layer)
        reads = getattr(kind, "edge_features", "optional")
        if reads == "ignored":
            return self.replace(edges={}, edge_sets={})
        names = bound.get("edges", ("graph",))
        return self.for_edges(names, required=reads == "required", field=f"{field}.edges")

    def for_edges(
        self, names: tuple[str, ...], *, required: bool = True, field: str = "edges"
    ) -> "ColumnEncoders":
        """With the encoders of these edge sets alone; "graph" is the given graph's edges.

        Where there are several sets, or with `required`, a set without columns gets a learned
        vector. In several sets that a layer reads as one, it tells the edges of a set from those
        of the others. `field` of the model holds the names.

        Raises:
          ValueError: the data have no edge set of that name.
        """
        sets = {"graph": self.edges, **self.edge_sets}
        for name in names:
            if name not in sets:
                raise ValueError(f"{field}: {unknown(name, sets)}")
        read = {name: sets[name] for name in names}
        if required or len(names) > 1:
            constant: dict[str, ModuleFactory] = {"constant": ConstantEncoder}
            read = {name: columns or constant for name, columns in read.items()}
        return self.replace(edges=read.pop("graph", {}), edge_sets=read)

    def without(self, name: str, field: str) -> tuple[ModuleFactory, "ColumnEncoders"]:
        """The encoder of a column or an encoding of the nodes, and the encoders without it.

        Args:
          name: of the column or the encoding.
          field: of the model, which names it.

        Raises:
          ValueError: there is none of that name.
        """
        nodes, encodings = dict(self.nodes), dict(self.encodings)
        found = nodes.pop(name, None) or encodings.pop(name, None)
        if found is None:
            raise ValueError(
                f"{field}: there is no node column or encoding {name!r}; there are "
                f"{', '.join(sorted(nodes | encodings))}."
            )
        return found, self.replace(nodes=nodes, encodings=encodings)

    def edges_at_pairs(self) -> "ColumnEncoders":
        """With the features of the given graph's edges at the pairs of nodes that they join.

        Edges without columns get a learned vector there, which tells them from other pairs.

        Raises:
          ValueError: a pair column has the name "edges", which these features get.
        """
        if "edges" in self.pairs:
            raise ValueError(
                "pair_encoders.edges: the features of edges have this name among those of pairs. "
                "Give the pair column 'edges' another name."
            )
        given = self.for_edges(("graph",))
        edges = {"edges": functools.partial(EdgePairEncoder, edges=given.edges)}
        return given.replace(pairs={**given.pairs, **edges}, edges={})


def column_encoders(
    spec: Spec,
    encodings: Collection[Encoding],
    *,
    encoding_dim: int,
    nodes: Mapping[str, Any],
    edges: Mapping[str, Any],
    pairs: Mapping[str, Any],
    graphs: Mapping[str, Any],
) -> ColumnEncoders:
    """Encoders of every column.

    Categories are read by a table, numbers by a linear map, and an encoding by the encoder that its
    class names in `encoder`. Encodings of numbers at nodes get widths of their own. Those that are
    classes are among the node columns, all of which are added up, as Graphormer does with degrees.

    Args:
      spec: of the encoded data.
      encodings: those of the data.
      encoding_dim: width of each encoding of the nodes.
      nodes: parts by the names of node columns and of encodings, in place of what follows from the
        data; likewise:
      edges: of edge columns.
      pairs: of pair columns.
      graphs: of graph columns.

    Raises:
      ValueError: a part is for a column that is not there, or does not suit its column.
    """
    read_whole: set[Any] = set()  # columns that the encoder of an encoding reads together
    learned: dict[str, ModuleFactory] = {}
    pair_defaults: dict[str, Any] = {}
    for encoding in encodings:
        columns = encoding.columns()
        default = getattr(encoding, "encoder", ANY_SCALE)
        at_nodes = [column for (level, _), column in columns.items() if level == "node"]
        if not at_nodes:
            names = [name for level, name in columns if level == "pair"]
            pair_defaults.update({name: default for name in names if hasattr(encoding, "encoder")})
            continue
        if _sizes(at_nodes[0]) is not None:
            continue
        read_whole |= set(columns)
        factory = ENCODER.make(nodes.get(encoding.name, default))
        learned[encoding.name] = bind(factory, dim=encoding_dim)

    def table(level: str, columns: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        own = {name: column for name, column in columns.items() if (level, name) not in read_whole}
        wrong = sorted(set(given) - set(own) - (set(learned) if level == "node" else set()))
        if wrong:
            raise ValueError(
                f"{level}_encoders.{wrong[0]}: {unknown(wrong[0], [*own, *learned])}"
                if own or learned
                else f"{level}_encoders.{wrong[0]}: the data have no {level} columns."
            )
        return {name: _encoder(level, name, own[name], given.get(name)) for name in own}

    made_edges = table("edge", spec.edges, edges)
    # Read whole are columns of nodes and graphs; pair columns have an encoder each.
    read_whole = {key for key in read_whole if key[0] != "pair"}
    made_pairs = {
        name: bind(factory, edges=table("edge", spec.edges, edges) or {"constant": _constant()})
        for name, factory in table("pair", spec.pairs, {**pair_defaults, **pairs}).items()
    }
    return ColumnEncoders(
        nodes=table("node", spec.nodes, nodes),
        encodings=learned,
        edges=made_edges,
        pairs=made_pairs,
        graphs=table("graph", spec.graphs, graphs),
        edge_sets={
            name: {key: _encoder("edge", key, column, None) for key, column in columns.items()}
            for name, columns in spec.edge_sets.items()
        },
    )


def _constant() -> Any:
    return ENCODER.make("constant")


def _sizes(column: Any) -> tuple[int, ...] | None:
    """The sizes of a categorical column; None for one of numbers."""
    return getattr(column, "sizes", None)


def _encoder(level: str, name: str, column: Any, given: Any) -> ModuleFactory:
    """The encoder of one column: the given part, or what suits it."""
    sizes = _sizes(column)
    if given is None:
        given = "linear" if sizes is None else "categorical"
    factory = ENCODER.make(given)
    assert factory is not None
    if "sizes" not in fields_of(factory):
        return factory
    if sizes is None:
        raise ValueError(
            f"{level}_encoders.{name}: the column holds numbers, and this encoder reads "
            "categories. Give 'linear'."
        )
    table = unwrapped(factory)[1].get("sizes", sizes)
    small = len(table) != len(sizes) or any(a < b for a, b in zip(table, sizes, strict=True))
    if small:
        raise ValueError(
            f"{level}_encoders.{name}.sizes: {table} has no row for some categories of the column, "
            f"whose sizes are {sizes}. Give at least these."
        )
    return bind(factory, sizes=sizes)
