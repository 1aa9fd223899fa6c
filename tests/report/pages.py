"""Reads a page as a browser would, and refuses what a page must not have."""

from html.parser import HTMLParser

_VOID = ("meta", "br", "link", "img", "hr")


class Page(HTMLParser):
    """The texts and the scores of a page.

    Attributes:
      tags: all elements, in their order.
      texts: all texts between them, but those of styles.
      scores: the value of each cell with a `data-key`; None where it is undefined.
    """

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.scores: dict[str, float | None] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert text.startswith("<!DOCTYPE html>") and not self._open, self._open

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        assert tag not in ("script", "link", "img", "iframe", "object", "foreignobject"), tag
        for name, value in found.items():
            assert not name.startswith("on") and name != "src", name
            assert name not in ("href", "xlink:href") or value.startswith("#"), value
            assert "url(" not in (value or "") and "http" not in name
        if "data-key" in found:
            value = found["data-value"]
            assert found["data-key"] not in self.scores, found["data-key"]
            self.scores[found["data-key"]] = float(value) if value else None
        self.tags.append(tag)
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open and self._open.pop() == tag, f"{tag} is closed and was not open"

    def handle_data(self, data):
        if self._open and self._open[-1] == "style":
            assert "@import" not in data and "url(" not in data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def scores_of(metrics: dict) -> dict[str, float | None]:
    """The scores of metrics.json by the keys of a page, of parts and of the forest."""
    found = {}
    for part in ("train", "valid", "test"):
        found |= {f"{part}/{key}": value for key, value in metrics.get(part, {}).items()}
    if metrics.get("baseline"):
        found |= {f"baseline/{key}": each for key, each in metrics["baseline"]["test"].items()}
    return found
