"""Lines of source code that docs/paper.md quotes, and whether they are still there."""

import ast
import dataclasses
import functools
import pathlib

ROOT = pathlib.Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Line:
    """An expression in a function or in a class.

    Attributes:
      file: the path from the root of the repository.
      symbol: "function", "Class" or "Class.method".
      quote: the source of the expression. Its line breaks do not matter.
    """

    file: str
    symbol: str
    quote: str

    def markdown(self, up: str) -> str:
        """A link to the line, and the quoted source. `up` leads from the page to the root."""
        return f"[`{self.symbol}`]({up}{self.file}#L{self.number()}): `{self.quote}`"

    def number(self) -> int:
        """The line of the file on which the expression starts where it first occurs.

        Raises:
          ValueError: if the expression is no longer there.
        """
        if (problem := self.problem()) is not None:
            raise ValueError(f"A quoted line is gone: {problem}.")
        first, definition = _definitions(ROOT / self.file)[self.symbol]
        quote, lines = squeeze(self.quote), definition.split("\n")
        count = squeeze(definition).count(quote)
        # The first occurrence starts on the last line from which all occurrences are still ahead.
        return first + max(
            start
            for start in range(len(lines))
            if squeeze("\n".join(lines[start:])).count(quote) == count
        )

    def problem(self) -> str | None:
        """What is no longer true of this quotation; None if it is still right."""
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
    """The source without white space, and without the commas that a formatter adds."""
    joined = "".join(source.split())
    for bracket in ")]}":
        joined = joined.replace("," + bracket, bracket)
    return joined


@functools.cache
def _definitions(path: pathlib.Path) -> dict[str, tuple[int, str]]:
    """First line and source of each function, class and method of a file, without docstrings."""
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
