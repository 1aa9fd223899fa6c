"""Charts as SVG inside a page. Their colours are those of style.css; every text is escaped."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

WIDTH, HEIGHT = 440, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 10.0, 12.0, 44.0
_COLOURS = 8  # of style.css


@dataclasses.dataclass(frozen=True)
class Series:
    """Points of a chart.

    Attributes:
      name: in the legend.
      x, y: the points, float [points]; those that are not finite are left out.
      titles: what each point says under the pointer; empty for none.
      line: whether a line joins them.
      dots: whether each is a dot.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    titles: Sequence[str] = ()
    line: bool = False
    dots: bool = True


@dataclasses.dataclass(frozen=True)
class Axis:
    """A range of values on a range of pixels.

    Attributes:
      low, high: the values at its ends.
      start, end: the pixels there.
      log: whether it is logarithmic.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def of(cls, values: np.ndarray, start: float, end: float, *, log: bool = False) -> "Axis":
        """An axis with room for all values and a little more."""
        log = log and bool((values > 0).all())
        scaled = np.log10(values) if log else values
        low, high = (float(scaled.min()), float(scaled.max())) if len(values) else (0.0, 1.0)
        more = 0.04 * (high - low) or 0.05 * abs(high) or 0.5
        low, high = low - more, high + more
        return cls(10**low, 10**high, start, end, log) if log else cls(low, high, start, end)

    def __call__(self, value: float) -> float:
        ends = np.array([self.low, self.high, value])
        low, high, at = (np.log10(ends) if self.log else ends).tolist()
        return self.start + (at - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """A few round values on the axis."""
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            for parts in ((1,), (1, 2, 5)):
                found = [part * 10.0**power for power in powers for part in parts]
                found = [value for value in found if self.low <= value <= self.high]
                if len(found) >= 3:
                    return found[:: math.ceil(len(found) / 6)]
        span = self.high - self.low
        unit = 10.0 ** math.floor(math.log10(span / 4))
        step = next(unit * part for part in (1, 2, 5, 10) if span / (unit * part) <= 6)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [count * step for count in range(first, last + 1)]


def chart(
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    log: bool = False,
    diagonal: bool = False,
    unit: bool = False,
    whole: bool = False,
) -> Markup:
    """A chart of some series.

    Args:
      series: at most eight have a colour of their own.
      x_label, y_label: of the axes.
      log: whether the vertical axis is logarithmic, if all values are above 0.
      diagonal: whether both axes have the same range, and a line where they are equal.
      unit: whether they go from 0 to 1.
      whole: whether the numbers across are whole, such as those of epochs.
    """
    points = [_finite(each) for each in series]
    x = np.concatenate([found for found, _, _ in points])
    y = np.concatenate([found for _, found, _ in points])
    if unit:
        x = y = np.array([0.0, 1.0])
    elif diagonal:
        x = y = np.concatenate([x, y])
    across = Axis.of(x, _LEFT, WIDTH - _RIGHT)
    up = Axis.of(y, HEIGHT - _BOTTOM, _TOP, log=log)
    parts = [*_frame(across, up, x_label, y_label, whole)]
    if diagonal:
        ends = (across(across.low), up(up.low), across(across.high), up(up.high))
        line = Markup('<line class="diagonal" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
        parts.append(line.format(*ends))
    for number, (each, (xs, ys, titles)) in enumerate(zip(series, points, strict=True)):
        parts += _drawn(each, xs, ys, titles, f"c{number % _COLOURS}", across, up)
    label = f"{y_label} against {x_label}"
    svg = Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, label, Markup("").join(parts))
    if len(series) < 2:
        return svg
    names = [
        Markup('<span class="c{}">{}</span>').format(number % _COLOURS, each.name)
        for number, each in enumerate(series)
    ]
    return svg + Markup('<p class="legend">{}</p>').format(Markup(" ").join(names))


def _finite(series: Series) -> tuple[np.ndarray, np.ndarray, list[str]]:
    x, y = series.x, series.y
    there = np.isfinite(x) & np.isfinite(y)
    titles = [text for text, good in zip(series.titles, there, strict=False) if good]
    return x[there], y[there], titles


def _frame(across: Axis, up: Axis, x_label: str, y_label: str, whole: bool) -> list[Markup]:
    """The grid, its numbers and the names of the axes."""
    left, right, bottom, top = across.start, across.end, up.start, up.end
    line = Markup('<line class="grid" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
    text = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{:g}</text>')
    parts = []
    for value in across.ticks():
        if whole and not value.is_integer():
            continue
        place = across(value)
        parts += [
            line.format(place, bottom, place, top),
            text.format(place, bottom + 16, "middle", value),
        ]
    for value in up.ticks():
        place = up(value)
        parts += [
            line.format(left, place, right, place),
            text.format(left - 6, place + 4, "end", value),
        ]
    name = Markup('<text class="name" text-anchor="middle" {}>{}</text>')
    middle = (top + bottom) / 2
    return [
        *parts,
        name.format(Markup('x="{:.1f}" y="{}"').format((left + right) / 2, HEIGHT - 8), x_label),
        name.format(Markup('transform="translate(14 {:.1f}) rotate(-90)"').format(middle), y_label),
    ]


def _drawn(
    series: Series,
    x: np.ndarray,
    y: np.ndarray,
    titles: Sequence[str],
    colour: str,
    across: Axis,
    up: Axis,
) -> list[Markup]:
    """The line and the dots of a series."""
    places = [(across(a), up(b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    parts = []
    if series.line and len(places) > 1:
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(Markup('<polyline class="{}" points="{}"/>').format(colour, path))
    if series.dots:
        dot = Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3.5">{}</circle>')
        said = Markup("<title>{}</title>")
        for number, (a, b) in enumerate(places):
            title = said.format(titles[number]) if titles else ""
            parts.append(dot.format(colour, a, b, title))
    return parts
