# What: two apps of one repository; a deploy builds an app only if its folder or what both share has changed.
# Why: Amplify's auto-build builds both at each commit. Turn it off on their branches.
# How: in the repository, npx cdk deploy --app "python3 examples/monorepo.py"
from pathlib import Path

import aws_cdk as cdk

from cdk_amplify_job import AmplifyJob

REPOSITORY = Path(__file__).parent / "monorepo"  # of your own: its root
APPS = {"shop": "d1a2b3c4d5e6f7", "blog": "d2b3c4d5e6f7a8"}
SHARED = ["packages", "pnpm-workspace.yaml"]  # of your own: also the lock file
NOT_BUILT_FROM = ["node_modules", "dist", ".next", ".turbo"]  # as in .gitignore


def fingerprint(path: str) -> str:
    """A digest of the files of a folder, or of one file."""
    return cdk.FileSystem.fingerprint(
        str(REPOSITORY / path), exclude=NOT_BUILT_FROM, ignore_mode=cdk.IgnoreMode.GIT
    )


app = cdk.App()
stack = cdk.Stack(app, "Monorepo")

for name, app_id in APPS.items():
    AmplifyJob(
        stack,
        f"Release-{name}",
        app_id=app_id,
        branch_name="main",
        # The job starts when one of these digests has changed.
        triggers={path: fingerprint(path) for path in [f"apps/{name}", *SHARED]},
    )

app.synth()
