# What: a branch of its own for each developer or pull request, built and deleted with its stack.
# Why: an Amplify preview does not deploy a backend. This stack can hold one: put its address in place of API.
# How: npx cdk deploy --app "python3 examples/preview_branch.py" -c branch_name=feature/basket
import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify

from cdk_amplify_job import AmplifyJob, SmokeTest

app = cdk.App()
name = app.node.try_get_context("branch_name") or "feature/basket"
stack = cdk.Stack(app, "Preview", stack_name=f"preview-{name.replace('/', '-')}")

branch = amplify.CfnBranch(
    stack,
    "Branch",
    app_id="d1a2b3c4d5e6f7",
    branch_name=name,
    enable_auto_build=False,
    environment_variables=[
        {"name": "API", "value": "https://api.example"},
        # Otherwise Amplify may cancel the build when only the variable above has changed.
        {"name": "AMPLIFY_DIFF_DEPLOY", "value": "false"},
    ],
)
job = AmplifyJob(
    stack,
    "Release",
    branch=branch,
    triggers={"api": "https://api.example"},
    smoke_test=SmokeTest("/", within=cdk.Duration.minutes(5)),
)
cdk.CfnOutput(stack, "Site", value=job.branch_url)

app.synth()
