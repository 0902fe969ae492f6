# What: two apps of one repository, of which only the one is built whose folder has changed.
# Why: a commit to one app is no reason to build the other; Amplify builds both.
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
