"""Categories that are known by name, in the numbers of another dataset."""

import dataclasses
from typing import Any

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.spec import Categorical, GraphSpec
from gtx.typing import LEVELS


def named_like(dataset: Dataset, spec: GraphSpec) -> Dataset:
    """The dataset with its categories numbered as in a spec, where both name them.

    A file that is read anew may lack a category or have a further one; then the others have other
    numbers than in the training data.

    Raises:
      DatasetError: the dataset has a category that the spec does not have.
    """
    changes: dict[str, Any] = {}
    columns: dict[str, Any] = {}
    for level in LEVELS.values():
        arrays, described = dict(getattr(dataset, level)), dict(getattr(dataset.spec, level))
        for name, column in getattr(spec, level).items():
            own = described.get(name)
            if not isinstance(column, Categorical) or not isinstance(own, Categorical):
                continue
            if own.names == column.names or len(own.names) != len(column.names):
                continue
            array = arrays[name].copy()
            for place, (mine, theirs) in enumerate(zip(own.names, column.names, strict=True)):
                number = {category: code for code, category in enumerate(theirs)}
                for code in np.unique(array[:, place]).tolist():
                    if 0 <= code < len(mine) and mine[code] not in number:
                        raise DatasetError(
                            f"dataset: {level}[{name!r}] holds {mine[code]!r:.60}, which the "
                            f"training data do not have. Its categories are {list(theirs[:20])}; "
                            "map it to one of these, or leave these graphs out."
                        )
                codes = np.array([number.get(category, 0) for category in mine], np.int32)
                inside = (array[:, place] >= 0) & (array[:, place] < len(mine))
                array[inside, place] = codes[array[inside, place]]
            arrays[name], described[name] = array, column
        changes[level], columns[level] = arrays, described
    return dataclasses.replace(dataset, spec=dataset.spec.replace(**columns), **changes)
