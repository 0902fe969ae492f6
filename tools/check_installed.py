"""Synthesizes a stack with the package that is installed, not with the checkout's: part of `make dist`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import aws_cdk as cdk

import cdk_amplify_job

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    installed = Path(cdk_amplify_job.__file__)
    if installed.is_relative_to(ROOT) and not installed.is_relative_to(sys.prefix):
        sys.exit(f"error: this is the checkout's package: {installed}")
    app = cdk.App(analytics_reporting=False)
    stack = cdk.Stack(app, "Site")
    cdk_amplify_job.AmplifyJob(stack, "Job", app_id="d1a2b3c4d5e6f7", branch_name="main")
    resources = app.synth().get_stack_by_name("Site").template["Resources"]
    known = json.loads((ROOT / "tests/construct/snapshots/one_job.json").read_text())
    if resources.keys() != known.keys():
        sys.exit(f"error: the template has {sorted(resources)}, not {sorted(known)}")
    print(f"cdk-amplify-job as installed synthesizes a stack of {len(resources)} resources")


if __name__ == "__main__":
    main()
