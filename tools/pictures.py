"""Draws the pictures of the README: a deploy that succeeds and one that fails, as terminals show them.

python tools/pictures.py [FOLDER]    (default: docs)
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from amplify_local import LocalAws

_APP, _BRANCH = "d1a2b3c4d5e6f7", "main"
_PROJECT = Path(__file__).resolve().parent.parent


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    with LocalAws(project=_PROJECT) as aws:
        draw(aws, folder / "deploy-succeeds.svg", "cdk deploy releases the site and waits")
        aws.amplify.next_job(outcome="FAILED", log=['npm error Missing script: "build"'])
        draw(aws, folder / "deploy-fails.svg", "A failing build fails the deploy")


def draw(aws: LocalAws, file: Path, title: str) -> None:
    """Run a first deploy and save what a terminal of 124 columns shows: the CDK CLI's lines only."""
    aws.amplify.create_app("site", app_id=_APP)
    aws.amplify.create_branch(_APP, _BRANCH)
    console = Console(record=True, width=124, file=io.StringIO(), color_system="truecolor")
    console.print(f"$ cdk deploy {' '.join(_options())}", style="bold", highlight=False)
    aws.cdk("deploy", *_options(), cwd=_PROJECT, env={"FORCE_COLOR": "1"}, on_line=_shortened(console))
    aws.cdk("destroy", *_options(), cwd=_PROJECT)
    aws.amplify.delete_app(_APP)
    svg = console.export_svg(title=title, theme=DIMMED_MONOKAI)
    # Without rich's font, which the picture would load from another host.
    file.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))


def _options() -> list[str]:
    return ["-c", f"app_id={_APP}", "-c", f"branch_name={_BRANCH}"]


def _shortened(console: Console) -> Callable[[str], None]:
    """Leave out what says nothing about the deploy, and what is said again further down."""
    left_out = False

    def say(line: str) -> None:
        nonlocal left_out
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line).strip()
        if plain.startswith(("❌", "✅")):
            left_out = False
        elif plain.startswith(("Failed resources:", "Source Location", "Stack ARN")):
            left_out = True
        if plain and not left_out and not re.search(r"(start|success): (Buil|Publish)", plain):
            # The logical ID repeats the path before it.
            console.print(Text.from_ansi(re.sub(r" \((AmplifyJob\w+|Job[0-9A-F]{8})\)", "", line)))

    return say


if __name__ == "__main__":
    main()
