# What: releases from a tools account, of apps that live in the accounts of two environments.
# Why: the function assumes a role there, which allows one branch and trusts that function alone.
# How: fill in the accounts; npx cdk deploy --all --app "python3 examples/cross_account.py"
import aws_cdk as cdk

from cdk_amplify_job import AmplifyJob, AmplifyJobRole

TOOLS = "111111111111"
REGION = "eu-west-1"
# The account, the app and the branch of each environment.
ENVIRONMENTS = {
    "Staging": ("222222222222", "d2a2b3c4d5e6f7", "develop"),
    "Production": ("333333333333", "d3a2b3c4d5e6f7", "main"),
}

app = cdk.App()
releases = cdk.Stack(app, "Releases", env=cdk.Environment(account=TOOLS, region=REGION))

for name, (account, app_id, branch_name) in ENVIRONMENTS.items():
    access = cdk.Stack(app, f"{name}Access", env=cdk.Environment(account=account, region=REGION))
    AmplifyJobRole(
        access,
        "Role",
        role_name="amplify-releases",
        app_id=app_id,
        branch_names=[branch_name],
        # A pattern, because this role is made before the function's: the name of the stack, a logical ID that
        # never changes, and the letters that CloudFormation adds.
        trusted_role_arn=f"arn:aws:iam::{TOOLS}:role/Releases-AmplifyJobProviderRole2811F21B-*",
    )
    job = AmplifyJob(
        releases,
        name,
        app_id=app_id,
        branch_name=branch_name,
        assume_role=f"arn:aws:iam::{account}:role/amplify-releases",
    )
    job.node.add_dependency(access)

app.synth()
