# What: a site without a repository: its files are deployed with the stack, and so is the address of its API.
# Why: a site that the pipeline has built needs no build by Amplify, but it needs what the stack creates.
# How: npx cdk deploy --app "python3 examples/deploy_files.py" -c version=$(git rev-parse HEAD)
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk.aws_s3_deployment import Source

from cdk_amplify_job import AmplifyJob, SmokeTest

app = cdk.App()
stack = cdk.Stack(app, "DeployFiles")
version = app.node.try_get_context("version") or "unknown"

api = apigateway.CfnApi(stack, "Api", name="shop", protocol_type="HTTP")

site = amplify.CfnApp(stack, "App", name="site")  # no repository: Amplify takes files
main = amplify.CfnBranch(stack, "Main", app_id=site.attr_app_id, branch_name="main")

job = AmplifyJob(
    stack,
    "Deploy",
    branch=main,
    sources=[
        Source.asset(str(Path(__file__).parent / "site")),
        Source.json_data("config.json", {"api": api.attr_api_endpoint}),
        Source.data("version.txt", version),
    ],
    # The deploy succeeds once the site serves this version, and no earlier one.
    smoke_test=SmokeTest("/version.txt", text=version),
)
cdk.CfnOutput(stack, "Site", value=job.branch_url)

app.synth()
