# What: a backend, and a site that is released after it, from the commit that the build runs for.
# Why: a site must not meet a backend that is older than itself, or be built from a later commit.
# How: npx cdk deploy --app "python3 examples/release_after_backend.py" -c app_id=d1a2b3c4d5e6f7
import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb

from cdk_amplify_job import AmplifyJob, Commit

app = cdk.App()
stack = cdk.Stack(app, "ReleaseAfterBackend")

orders = dynamodb.Table(
    stack,
    "Orders",
    partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
    point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
        point_in_time_recovery_enabled=True
    ),
)

AmplifyJob(
    stack,
    "Release",
    app_id=app.node.try_get_context("app_id") or "d1a2b3c4d5e6f7",
    branch_name="main",
    execute_after=[orders],
    # In CI from its variables, on a laptop from git. Another commit starts another job.
    commit=Commit.from_environment(),
    timeout=cdk.Duration.minutes(20),
)

app.synth()
