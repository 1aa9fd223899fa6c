"""Lines of gtx that documentation quotes, and whether they are still there."""

import ast
import dataclasses
import functools
import pathlib

ROOT = pathlib.Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Line:
    """An expression in a function or class.

    Attributes:
      file: from the root of the repository.
      symbol: "function", "Class" or "Class.method".
      quote: source of the expression, whatever its line breaks.
    """

    file: str
    symbol: str
    quote: str

    def markdown(self, up: str) -> str:
        """A link to the line, `up` leading to the root, and the quoted source."""
        return f"[`{self.symbol}`]({up}{self.file}#L{self.number()}): `{self.quote}`"

    def number(self) -> int:
        """Of the line in the file on which the expression starts, where it stands first."""
        first, definition = _definitions(ROOT / self.file)[self.symbol]
        quote, lines = squeeze(self.quote), definition.split("\n")
        count = squeeze(definition).count(quote)
        # The last start from which all of them are still to come.
        return first + max(
            start
            for start in range(len(lines))
            if squeeze("\n".join(lines[start:])).count(quote) == count
        )

    def problem(self) -> str | None:
        """None, or what is no longer true of it."""
        path = ROOT / self.file
        if not path.is_file():
            return f"{self.file} is no file"
        definition = _definitions(path).get(self.symbol)
        if definition is None:
            return f"{self.file} defines no {self.symbol}"
        if squeeze(self.quote) not in squeeze(definition[1]):
            return f"{self.symbol} in {self.file} no longer has {self.quote!r}"
        return None


def squeeze(source: str) -> str:
    """Source without white space, and without the commas that a formatter adds."""
    joined = "".join(source.split())
    for bracket in ")]}":
        joined = joined.replace("," + bracket, bracket)
    return joined


@functools.cache
def _definitions(path: pathlib.Path) -> dict[str, tuple[int, str]]:
    """First line and source of each function, class and method of a file, docstring blanked."""
    text = path.read_text()
    found: dict[str, tuple[int, str]] = {}

    def visit(nodes: list[ast.stmt], prefix: str) -> None:
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                source = ast.get_source_segment(text, node) or ""
                said = ast.get_docstring(node, False) or ""
                if said:
                    source = source.replace(said, "\n" * said.count("\n"), 1)
                found[prefix + node.name] = node.lineno, source
                visit(node.body, f"{prefix}{node.name}.")

    visit(ast.parse(text).body, "")
    return found
