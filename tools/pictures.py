"""Draws the pictures of the README: deploys of its first example, one that succeeds and one that fails.

python tools/pictures.py [FOLDER]    (default: docs)

They show the CDK CLI's own lines about the job and the stack. A line "…" stands for what is left out.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from amplify_local import LocalAws

_PROJECT = Path(__file__).resolve().parent.parent
# Long enough that the deploy is seen to wait.
_JOB_SECONDS = 75


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    with tempfile.TemporaryDirectory() as app, LocalAws(project=_PROJECT, job_seconds=_JOB_SECONDS) as aws:
        site = write_example(Path(app))
        draw(aws, app, site, folder / "deploy-succeeds.svg", "cdk deploy builds the site and waits")
        aws.amplify.next_job(outcome="FAILED", log=['npm error Missing script: "build"'])
        draw(aws, app, site, folder / "deploy-fails.svg", "A failed build fails the deploy")


def write_example(folder: Path) -> tuple[str, str]:
    """Make the README's first example a CDK app; its Amplify app and branch."""
    code = re.findall(r"```python\n(.*?)```", (_PROJECT / "README.md").read_text(), re.DOTALL)[0]
    (folder / "app.py").write_text(code)
    (folder / "cdk.json").write_text(json.dumps({"app": f"{sys.executable} app.py"}))
    ((app_id, branch),) = re.findall(r'app_id="(\w+)", branch_name="(\w+)"', code)
    return app_id, branch


def draw(aws: LocalAws, app: str, site: tuple[str, str], file: Path, title: str) -> None:
    """Run a first deploy, and save its lines as a terminal of 112 columns shows them."""
    app_id, branch = site
    aws.amplify.create_app("shop", app_id=app_id)
    aws.amplify.create_branch(app_id, branch)
    lines: list[str] = []
    aws.cdk("deploy", cwd=app, env={"FORCE_COLOR": "1"}, on_line=lines.append)
    aws.cdk("destroy", cwd=app)
    aws.amplify.delete_app(app_id)
    console = Console(record=True, width=112, file=io.StringIO(), color_system="truecolor")
    console.print("$ cdk deploy", style="bold", highlight=False)
    for line in shortened(lines):
        console.print(Text.from_ansi(line))
    svg = console.export_svg(title=title, theme=DIMMED_MONOKAI)
    # Without rich's font, which the picture would load from another host.
    file.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))


def shortened(lines: list[str]) -> list[str]:
    """The lines of the job until its end, and those of the end of the deploy."""
    kept: list[str] = []
    for line in lines:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
        if re.search(
            r"\d/\d.* CREATE_(.*Custom::AmplifyJob|COMPLETE.*CloudFormation::Stack)|❌|Deployment time", plain
        ):
            # The logical ID repeats the path before it. Not every font has the signs.
            line = re.sub(r" \(\w+\)|[✨❌] +", "", line)
            # Some viewers drop the spaces with which a text begins: they end the text before.
            kept.append(re.sub(r"((?:\x1b\[[0-9;]*m)+)( +)", r"\2\1", line))
        elif kept[-1:] != ["…"]:
            kept.append("…")
    return kept[:-1] if kept[-1] == "…" else kept


if __name__ == "__main__":
    main()
