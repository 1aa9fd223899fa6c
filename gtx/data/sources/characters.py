"""Characters of a text that comes with Python, each to be foretold from those before it."""

import codecs
import dataclasses
from typing import Annotated, ClassVar, Literal

import numpy as np

from gtx.data.dataset import Dataset
from gtx.data.exact import DatasetError
from gtx.data.sources.base import DataSource
from gtx.data.spec import Categorical, GraphSpec, Label
from gtx.limits import Whole

# Every character that a printer of ASCII has, and one class for all others.
ALPHABET = "\n" + "".join(map(chr, range(32, 127)))
OTHER = len(ALPHABET)
NAMES = (*(repr(character) for character in ALPHABET), "other")


@dataclasses.dataclass(frozen=True)
class Characters(DataSource):
    """Stretches of a text: a node is a character, its label the next character of the text.

    Node column "character" is its class: the newline, the characters from space to "~", and one
    class for all others. "place" counts them within the stretch. An edge leads from each to the
    next. Stretches follow one another without overlap. The first eight tenths of them are for
    training, the next tenth for validation, and the last for the test.

    "reference" is the manual of the language that `help()` prints, of the Python that runs
    (`pydoc_data.topics`), without repeated spaces. "zen" is what `import this` prints, 856
    characters, for trials.

    Attributes:
      text: "reference" or "zen".
      length: characters of a stretch.
      limit: characters of the text that are read, from its start; 0 for all.
    """

    text: Literal["reference", "zen"] = "reference"
    length: Annotated[int, Whole(2, 2**12)] = 64
    limit: Annotated[int, Whole(0)] = 0

    splits: ClassVar[tuple[str, ...]] = ("given",)
    label: ClassVar[Label] = Label("node", "multiclass", len(NAMES), NAMES)

    def declared_spec(self) -> GraphSpec:
        columns = dict(character=Categorical((len(NAMES),)), place=Categorical((self.length,)))
        return GraphSpec(nodes=columns, label=self.label)

    def load(self) -> Dataset:
        codes = encode(read(self.text))
        if self.limit:
            codes = codes[: self.limit]
        count = (len(codes) - 1) // self.length
        if count < 10:
            raise DatasetError(
                f"Characters: the text has {len(codes)} characters, which is {count} stretches of "
                f"length {self.length}. Give a length of at most {max((len(codes) - 1) // 10, 1)}."
            )
        total, every = count * self.length, np.arange(count + 1)
        ahead = np.arange(self.length - 1)
        split = np.zeros(count, np.int8)
        split[8 * count // 10 :], split[9 * count // 10 :] = 1, 2
        return Dataset.from_columns(
            nodes=dict(
                character=codes[:total, None],
                place=np.tile(np.arange(self.length, dtype=np.int32), count)[:, None],
            ),
            node_ptr=every * self.length,
            edge_ptr=every * (self.length - 1),
            senders=np.tile(ahead, count),
            receivers=np.tile(ahead + 1, count),
            labels=codes[1 : total + 1],
            split=split,
            spec=self.declared_spec(),
        )


def read(text: str) -> str:
    """The text of that name."""
    if text == "zen":
        import contextlib
        import io

        with contextlib.redirect_stdout(io.StringIO()):
            import this
        return codecs.decode(this.s, "rot13")
    from pydoc_data.topics import topics

    lines = "\n".join(topics[name] for name in sorted(topics)).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines)


def encode(text: str) -> np.ndarray:
    """The class of each character, int32 [characters]."""
    classes = {character: number for number, character in enumerate(ALPHABET)}
    return np.array([classes.get(character, OTHER) for character in text], np.int32)
