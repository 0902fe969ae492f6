# What: a site that is built again when the address of its API changes.
# Why: an Amplify build bakes environment variables in; CloudFormation builds nothing when one changes.
# How: npx cdk deploy --app "python3 examples/rebuild_on_change.py" -c app_id=d1a2b3c4d5e6f7
import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_apigatewayv2 as apigateway

from cdk_amplify_job import AmplifyJob

app = cdk.App()
stack = cdk.Stack(app, "RebuildOnChange")

api = apigateway.CfnApi(
    stack, "Api", name="orders", protocol_type="HTTP", target="https://orders.example.com"
)
branch = amplify.CfnBranch(
    stack,
    "Branch",
    app_id=app.node.try_get_context("app_id") or "d1a2b3c4d5e6f7",
    branch_name="production",
    enable_auto_build=False,
    environment_variables=[
        amplify.CfnBranch.EnvironmentVariableProperty(name="API_URL", value=api.attr_api_endpoint),
        # Otherwise Amplify may cancel the build, since nothing in the repository has changed.
        amplify.CfnBranch.EnvironmentVariableProperty(name="AMPLIFY_DIFF_DEPLOY", value="false"),
    ],
)

AmplifyJob(stack, "Release", branch=branch)

app.synth()
