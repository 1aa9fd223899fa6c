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
        """A link to the file, `up` leading to the root, and the quoted source."""
        return f"[`{self.symbol}`]({up}{self.file}): `{self.quote}`"

    def problem(self) -> str | None:
        """None, or what is no longer true of it."""
        path = ROOT / self.file
        if not path.is_file():
            return f"{self.file} is no file"
        definition = _definitions(path).get(self.symbol)
        if definition is None:
            return f"{self.file} defines no {self.symbol}"
        if squeeze(self.quote) not in squeeze(definition):
            return f"{self.symbol} in {self.file} no longer has {self.quote!r}"
        return None


def squeeze(source: str) -> str:
    """Source without white space, and without the commas that a formatter adds."""
    joined = "".join(source.split())
    for bracket in ")]}":
        joined = joined.replace("," + bracket, bracket)
    return joined


@functools.cache
def _definitions(path: pathlib.Path) -> dict[str, str]:
    """The source of each function, class and method of a file, without its docstring."""
    text = path.read_text()
    found: dict[str, str] = {}

    def visit(nodes: list[ast.stmt], prefix: str) -> None:
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                source = ast.get_source_segment(text, node) or ""
                found[prefix + node.name] = source.replace(
                    ast.get_docstring(node, False) or "\0", ""
                )
                visit(node.body, f"{prefix}{node.name}.")

    visit(ast.parse(text).body, "")
    return found
