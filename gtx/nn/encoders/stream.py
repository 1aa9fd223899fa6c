"""An embedding with further streams of nodes beside its features."""

from collections.abc import Mapping

import flax.linen as nn

from gtx.batch import Batch, Features
from gtx.nn.parts.factories import make
from gtx.typing import ModuleFactory


class StreamEmbed(nn.Module):
    """An embedding, and the nodes of others as further streams in `Features.extra`.

    Attributes:
      embed: factory of the embedding.
      streams: factories of embeddings whose nodes become the streams of these names.
    """

    embed: ModuleFactory
    streams: Mapping[str, ModuleFactory]

    @nn.compact
    def __call__(self, batch: Batch, *, train: bool) -> Features:
        features = make(self.embed, "embed", name="embed")(batch, train=train)
        others = {
            name: make(factory, f"streams[{name!r}]", name=f"embed_{name}")(batch, train=train)
            for name, factory in sorted(self.streams.items())
        }
        streams = {name: other.nodes for name, other in others.items()}
        return features.replace(extra={**features.extra, **streams})
