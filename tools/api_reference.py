"""Writes the API reference in Python to docs/api/python/, and the first page of docs/api/.

A docstring that cannot be read is an error.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pdoc
import pdoc.docstrings

# Before pdoc imports it: pdoc allows no subprocess then, and aws-cdk-lib is one.
import cdk_amplify_job

_read = pdoc.docstrings.rst


def _rst(contents: str, source_file: Path | None) -> str:
    """As pdoc reads it, but the name of a parameter ends at the first colon of its line, not at the last."""
    field = r"(?m)^(:\w+ [^:\n]+: )(.*)$"
    return _read(re.sub(field, lambda of: of[1] + of[2].replace(": ", "&#58; "), contents), source_file)


pdoc.docstrings.rst = _rst
warnings.simplefilter("error")
pdoc.render.configure(docformat="restructuredtext", search=False)
pages = Path(__file__).resolve().parent.parent / "docs" / "api"
pdoc.pdoc(cdk_amplify_job.__name__, output_directory=pages / "python")
(pages / "index.html").write_text(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>cdk-amplify-job</title>'
    "<h1>cdk-amplify-job: API reference</h1><ul>"
    '<li><a href="python/cdk_amplify_job.html">Python</a></li>'
    '<li><a href="typescript/index.html">TypeScript</a></li></ul></html>'
)
print(f"The API reference is {pages / 'index.html'}")
