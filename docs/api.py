"""Writes the API reference from the docstrings to docs/api/; a docstring that cannot be read is an error."""

from __future__ import annotations

import warnings
from pathlib import Path

import pdoc

# Before pdoc imports it: pdoc allows no subprocess then, and aws-cdk-lib is one.
import cdk_amplify_job

warnings.simplefilter("error")
pdoc.render.configure(docformat="restructuredtext", search=False)
pdoc.pdoc(cdk_amplify_job.__name__, output_directory=Path(__file__).parent / "api")
