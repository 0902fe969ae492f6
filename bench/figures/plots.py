"""The plots of docs/benchmarks.md: the same figures give the same files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

from figures.synth import OURS, TITLES

_COLOURS = {OURS: "#0b6e4f"}
_GREY = "#8a8f98"
_TEXT = "#7d8590"


def answers(found: Mapping[str, Sequence[float]], file: Path) -> None:
    """A dot for each job, and their mean."""
    with _figure(file, height=0.55 * len(found) + 0.9) as axes:
        for row, (name, seconds) in enumerate(reversed([*found.items()])):
            colour = _COLOURS.get(name, _GREY)
            axes.plot(seconds, [row] * len(seconds), "o", color=colour, alpha=0.45, markeredgewidth=0)
            axes.plot(
                [sum(seconds) / len(seconds)], [row], "|", color=colour, markersize=22, markeredgewidth=2
            )
        axes.set_yticks(range(len(found)), [TITLES[name] for name in reversed([*found])])
        axes.set_ylim(-0.6, len(found) - 0.4)
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds from a job's end to CloudFormation's answer (line: mean)")


def scale(found: Mapping[int, Mapping[str, float]], file: Path) -> None:
    with _figure(file, height=2.6) as axes:
        jobs = [*found]
        axes.plot(jobs, [point["cpu"] for point in found.values()], "o-", color=_COLOURS[OURS], clip_on=False)
        axes.set_xlabel("jobs in one stack")
        axes.set_ylabel("processor seconds (line)")
        axes.set_ylim(bottom=0)
        other = axes.twinx()
        other.plot(
            jobs, [point["bytes"] / 1000 for point in found.values()], "s--", color=_GREY, clip_on=False
        )
        other.set_ylabel("kB of the template (dashed)")
        other.set_ylim(bottom=0)
        other.spines[["top", "left"]].set_visible(False)


def resources(found: Mapping[str, int], file: Path) -> None:
    with _figure(file, height=0.36 * len(found) + 0.9) as axes:
        names = [*reversed([*found])]
        bars = axes.barh(
            [TITLES[name] for name in names],
            [found[name] for name in names],
            color=[_COLOURS.get(name, _GREY) for name in names],
        )
        axes.bar_label(bars, padding=3)
        axes.set_xlabel("resources in a stack with one job")


class _figure:  # noqa: N801 - reads as a function
    def __init__(self, file: Path, height: float) -> None:
        # Text stays text, and no date or random ID makes two runs differ.
        matplotlib.use("svg")
        matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 9})
        # No card behind, and a grey that is read on white and on black.
        colours: Any = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
        matplotlib.rcParams.update(dict.fromkeys(colours, _TEXT))
        from matplotlib.figure import Figure

        self._file = file
        self._figure: Any = Figure(figsize=(6.6, height), layout="constrained")

    def __enter__(self) -> Any:
        axes = self._figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        return axes

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self._figure.savefig(self._file, format="svg", metadata={"Date": None}, transparent=True)
