# What: two apps of one repository; a deploy builds an app only if its folder has changed.
# Why: Amplify's auto-build builds both at each commit. Turn it off on their branches.
# How: in the repository, npx cdk deploy --app "python3 examples/monorepo.py"
from pathlib import Path

import aws_cdk as cdk

from cdk_amplify_job import AmplifyJob

REPOSITORY = Path(__file__).parent  # of your own: where the folders of the apps lie
APPS = {"site": "d1a2b3c4d5e6f7", "cloudformation": "d2b3c4d5e6f7a8"}

app = cdk.App()
stack = cdk.Stack(app, "Monorepo")

for folder, app_id in APPS.items():
    AmplifyJob(
        stack,
        f"Release-{folder}",
        app_id=app_id,
        branch_name="main",
        # A digest of the folder's files: the job starts when one of them has changed.
        triggers={"files": cdk.FileSystem.fingerprint(str(REPOSITORY / folder))},
    )

app.synth()
