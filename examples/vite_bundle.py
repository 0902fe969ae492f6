# What: a site that Vite has built before the deploy, with the address of the stack's API put into its script.
# Why: a build bakes addresses in; that of this API is not known then. So VITE_API_URL was a placeholder.
# How: npx cdk deploy --app "python3 examples/vite_bundle.py"
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk.aws_s3_deployment import Source

from cdk_amplify_job import AmplifyJob

app = cdk.App()
stack = cdk.Stack(app, "ViteBundle")

api = apigateway.CfnApi(stack, "Api", name="orders", protocol_type="HTTP")

site = amplify.CfnApp(stack, "App", name="orders")  # no repository: Amplify takes files
main = amplify.CfnBranch(stack, "Main", app_id=site.attr_app_id, branch_name="main")

job = AmplifyJob(
    stack,
    "Deploy",
    branch=main,
    sources=[Source.asset(str(Path(__file__).parent / "bundle"))],  # of your own: dist
    values={"https://api.placeholder.invalid": api.attr_api_endpoint},
)
cdk.CfnOutput(stack, "Site", value=job.branch_url)

app.synth()
