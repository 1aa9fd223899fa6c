"""What the sources that read one packed file have in common."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from gtx.data import packed
from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource, Further
from gtx.data.sources.installing import tell_differences, write
from gtx.data.spec import Categorical, Column, GraphSpec, Label
from gtx.limits import Name
from gtx.typing import LEVELS, Level


@dataclasses.dataclass(frozen=True)
class PackedSource(DataSource):
    """`<root>/<file>`, in the form of `gtx.data.packed`, with the columns that the class declares.

    Categories are `node_feat` and `edge_feat` there, floats `node_attr` and `edge_attr`; a file
    that `packed.save` wrote names its columns. A file may hold further columns.

    Attributes:
      root: the folder that holds the folder of the file.
    """

    root: Name

    file: ClassVar[str]
    nodes: ClassVar[Mapping[str, Column]] = {}
    edges: ClassVar[Mapping[str, Column]] = {}
    label: ClassVar[Label]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if isinstance(cls.file, str):  # in others it depends on fields
            cls.needs = f"the file <root>/{cls.file}"

    def declared_spec(self) -> GraphSpec:
        return GraphSpec(nodes=self.nodes, edges=self.edges, label=self.label)

    def load(self) -> Dataset:
        return self._load(packed.find(self.root, self.file))

    def read_further(self, path: str, spec: GraphSpec) -> Further:
        return further(self._load(Path(path)), spec)

    def _load(self, path: Path) -> Dataset:
        spec = self.declared_spec()
        (node, node_sizes), (edge, edge_sizes) = map(_categories, (spec.nodes, spec.edges))
        dataset = packed.load(
            path,
            node_sizes=node_sizes,
            edge_sizes=edge_sizes,
            label=self.label,
            node_name=node,
            edge_name=edge,
        )
        levels: dict[str, dict[str, Column]] = {}
        singular: dict[str, Level] = dict(nodes="node", edges="edge")
        for level in singular:
            found, declared = getattr(dataset.spec, level), getattr(spec, level)
            for name, column in declared.items():
                if not isinstance(found.get(name), type(column)):
                    raise DatasetError(
                        f"{path.name}: has no {singular[level]} column {name!r} of the kind "
                        f"{type(column).__name__}; it has {sorted(found)}. {type(self).__name__} "
                        "reads it; write the file as gtx.data.packed says."
                    )
            levels[level] = {**found, **declared}
        dataset = dataclasses.replace(dataset, spec=dataset.spec.replace(**levels))
        dataset.check()
        tell_differences(self, dataset)
        return dataset

    def parse(self, files: Mapping[str, Path]) -> Dataset:
        """The dataset in the published files, for sources that have some.

        Args:
          files: the paths of the files, by name.

        Raises:
          DatasetError: a file is not what was published.
        """
        raise DatasetError(f"{type(self).__name__}: there is nothing published to read.")

    def convert(self, files: Mapping[str, Path], target: Path) -> None:
        known = self.published()
        write(self.parse(files), target, known.statistics if known else None)


def further(dataset: Dataset, spec: GraphSpec) -> Further:
    """The graphs of a packed file, with the number (and the name) of the graph of each target.

    Args:
      dataset: the content of the file.
      spec: of the training data.

    Raises:
      DatasetError: categories have other names than in the training data.
    """
    for level in LEVELS.values():
        known = getattr(spec, level)
        for name, column in getattr(dataset.spec, level).items():
            trained = known.get(name)
            if not isinstance(column, Categorical) or not isinstance(trained, Categorical):
                continue
            if column.names and trained.names and column.names != trained.names:
                raise DatasetError(
                    f"dataset: the categories of {level}[{name!r}] are {column.names!r:.200}, in "
                    f"the training data {trained.names!r:.200}. Build both with one spec."
                )
    table, graph = dataset.targets, dataset.target_graph
    keys = dict(graph=list(map(str, dataset.ids[graph].tolist())))
    if dataset.names is not None:
        keys["name"] = dataset.names[graph].tolist()
    first = dataset.edge_ptr if table.level == "edge" else dataset.node_ptr
    if table.level in ("node", "edge"):
        keys[table.level] = list(map(str, (table.index - first[graph]).tolist()))
    if table.level == "pair":
        ends = table.index - first[graph][:, None]
        for place, end in enumerate(("sender", "receiver")):
            keys[end] = list(map(str, ends[:, place].tolist()))
    return Further(dataset.without_labels(), keys)


def _categories(columns: Mapping[str, Column]) -> tuple[str, tuple[int, ...] | None]:
    """The name and sizes of the column of categories among these, which is at most one."""
    for name, column in columns.items():
        if isinstance(column, Categorical):
            return name, column.sizes
    return "type", None
