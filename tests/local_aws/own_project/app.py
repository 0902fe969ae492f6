"""A project as somebody may have it: a backend, its own app, a fixed account and Region, a git commit."""

import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_apigatewayv2 as apigateway

from cdk_amplify_job import AmplifyJob, Commit

app = cdk.App()
stack = cdk.Stack(app, "Shop", env=cdk.Environment(account="111111111111", region="eu-west-1"))
api = apigateway.CfnApi(stack, "Api", name="shop", protocol_type="HTTP")
site = amplify.CfnApp(stack, "App", name="shop", repository="https://github.com/example/shop")
main = amplify.CfnBranch(stack, "Main", app_id=site.attr_app_id, branch_name="main", enable_auto_build=False)
AmplifyJob(stack, "Release", branch=main, commit=Commit.from_git(), execute_after=[api])
app.synth()
