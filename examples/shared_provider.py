# What: one provider for the stacks of an account and Region, also for those of other CDK apps.
# Why: a single function to watch, and stacks of two resources.
# How: npx cdk deploy --all --app "python3 examples/shared_provider.py" -c app_id=d1a2b3c4d5e6f7
import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm

from cdk_amplify_job import AmplifyJob, AmplifyJobProvider, AmplifyJobProviderStack

app = cdk.App()
app_id = app.node.try_get_context("app_id") or "d1a2b3c4d5e6f7"

releases = AmplifyJobProviderStack(app, "Releases", termination_protection=True)
ssm.StringParameter(
    releases,
    "Parameter",
    parameter_name="/releases/service-token",
    string_value=releases.provider.service_token,
)

# A stack of the same app takes the provider itself.
shop = cdk.Stack(app, "Shop")
AmplifyJob(shop, "Release", app_id=app_id, branch_name="main", provider=releases.provider)

# A stack of another CDK app imports what the provider's stack exports. add_dependency is for this file only.
blog = cdk.Stack(app, "Blog")
imported = AmplifyJobProvider.from_service_token(
    blog,
    "Releases",
    cdk.Fn.import_value("Releases-ServiceToken"),
    role=iam.Role.from_role_name(blog, "Role", cdk.Fn.import_value("Releases-RoleName")),
)
AmplifyJob(blog, "Release", app_id=app_id, branch_name="blog", provider=imported)
blog.node.add_dependency(releases)

# Or it reads the service token from a parameter. CloudFormation protects an export, but no parameter.
docs = cdk.Stack(app, "Docs")
named = AmplifyJobProvider.from_service_token(
    docs,
    "Releases",
    ssm.StringParameter.value_for_string_parameter(docs, "/releases/service-token"),
    role=iam.Role.from_role_name(docs, "Role", cdk.Fn.import_value("Releases-RoleName")),
)
AmplifyJob(docs, "Release", app_id=app_id, branch_name="docs", provider=named)
docs.node.add_dependency(releases)

app.synth()
