# What: several branches of an app, released by one deployment.
# Why: they share one function and its role; each further branch adds two resources.
# How: npx cdk deploy --app "python3 examples/several_branches.py" -c app_id=d1a2b3c4d5e6f7
import aws_cdk as cdk

from cdk_amplify_job import AmplifyJob, WhenBusy

app = cdk.App()
stack = cdk.Stack(app, "SeveralBranches")

for branch_name in ("main", "develop", "feature/basket"):
    AmplifyJob(
        stack,
        f"Release-{branch_name}",
        app_id=app.node.try_get_context("app_id") or "d1a2b3c4d5e6f7",
        branch_name=branch_name,
        # Production waits its turn; a preview need not be finished when a newer one is there.
        when_busy=WhenBusy.WAIT if branch_name == "main" else WhenBusy.STOP,
    )

app.synth()
