# What: a new Amplify app with its repository, and its first build in the same deployment.
# Why: CloudFormation creates app and branch, but starts no build.
# How: with a GitHub token in the secret github-token, npx cdk deploy --app "python3 examples/first_build.py"
import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify

from cdk_amplify_job import AmplifyJob

app = cdk.App()
stack = cdk.Stack(app, "FirstBuild")

site = amplify.CfnApp(
    stack,
    "App",
    name="site",
    repository="https://github.com/example/site",
    # CloudFormation reads the secret in the deployment: it is in no template.
    access_token=cdk.SecretValue.secrets_manager("github-token").unsafe_unwrap(),
)
main = amplify.CfnBranch(
    stack,
    "Main",
    app_id=site.attr_app_id,
    branch_name="main",
    # The job below is the build: a push shall not start one of its own.
    enable_auto_build=False,
)

job = AmplifyJob(stack, "Release", branch=main)
cdk.CfnOutput(stack, "Site", value=job.branch_url)

app.synth()
