# What: a pipeline that deploys the backend, then releases the site in two Regions, commit by commit.
# Why: the site goes live after its backend, from the commit that the pipeline runs for.
# How: fill in the account and the connection; npx cdk deploy Delivery --app "python3 examples/pipeline.py"
import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_ssm as ssm
from aws_cdk import pipelines
from constructs import Construct

from cdk_amplify_job import AmplifyJob, AmplifyJobStage, Commit

ACCOUNT = "111111111111"
REGIONS = ["eu-west-1", "eu-central-1"]
CONNECTION = f"arn:aws:codeconnections:eu-west-1:{ACCOUNT}:connection/11111111-2222-3333-4444-555555555555"


class Shop(cdk.Stage):
    """Backend and site as two stacks of one stage: within a stage, tokens pass from stack to stack."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, id, env=env)
        backend = cdk.Stack(self, "Backend")
        api = apigateway.CfnApi(
            backend, "Api", name="orders", protocol_type="HTTP", target="https://orders.example.com"
        )
        site = amplify.CfnApp(backend, "App", name="shop", repository="https://github.com/example/shop")
        branch = amplify.CfnBranch(
            backend,
            "Main",
            app_id=site.attr_app_id,
            branch_name="main",
            enable_auto_build=False,
            environment_variables=[
                amplify.CfnBranch.EnvironmentVariableProperty(name="API_URL", value=api.attr_api_endpoint),
                # Otherwise Amplify may cancel the build when only the variable above has changed.
                amplify.CfnBranch.EnvironmentVariableProperty(name="AMPLIFY_DIFF_DEPLOY", value="false"),
            ],
        )
        # Later stages read the app's ID from this parameter: a token cannot pass from one stage to another.
        ssm.StringParameter(backend, "AppId", parameter_name="/shop/app-id", string_value=site.attr_app_id)

        release = cdk.Stack(self, "Release")
        AmplifyJob(
            release,
            "Job",
            branch=branch,
            commit=Commit.from_environment(),
            triggers={"API_URL": api.attr_api_endpoint},
        )


app = cdk.App()
delivery = cdk.Stack(app, "Delivery", env=cdk.Environment(account=ACCOUNT, region=REGIONS[0]))
pipeline = pipelines.CodePipeline(
    delivery,
    "Pipeline",
    synth=pipelines.ShellStep(
        "Synth",
        # In CodeBuild there is no .git: Commit.from_environment() reads its variable.
        input=pipelines.CodePipelineSource.connection("example/shop", "main", connection_arn=CONNECTION),
        install_commands=["npm ci", "pip install -r requirements.txt"],
        commands=["npx cdk synth --app 'python3 examples/pipeline.py'"],
    ),
)

shops = pipeline.add_wave("Shops")
for region in REGIONS:
    shops.add_stage(Shop(app, f"Shop-{region}", env=cdk.Environment(account=ACCOUNT, region=region)))

# A site of its own beside the shop: AmplifyJobStage is all it takes.
docs = pipeline.add_wave("Docs")
for region in REGIONS:
    docs.add_stage(
        AmplifyJobStage(
            app,
            f"Docs-{region}",
            env=cdk.Environment(account=ACCOUNT, region=region),
            # CloudFormation reads this parameter when it deploys: it is written by another stage.
            app_id=cdk.CfnDynamicReference(cdk.CfnDynamicReferenceService.SSM, "/shop/app-id").to_string(),
            branch_name="docs",
            commit=Commit.from_environment(),
        )
    )

app.synth()
