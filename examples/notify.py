# What: a mail when a job of the app has failed, whoever started it.
# Why: CloudFormation reports only the jobs that a deploy started, and only when the deploy ends.
# How: npx cdk deploy --app "python3 examples/notify.py", and confirm the subscription in the mail
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

from cdk_amplify_job import AmplifyJob

APP_ID = "d1a2b3c4d5e6f7"

app = cdk.App()
stack = cdk.Stack(app, "Notify")

# Typed as Any: pyright takes it that these classes do not implement their interfaces.
# https://github.com/aws/jsii/issues/4541
failures: Any = sns.Topic(stack, "Failures", enforce_ssl=True)
failures.add_subscription(subscriptions.EmailSubscription("team@example.com"))

# Best effort: EventBridge may deliver late, or not at all. The deploy itself relies on GetJob.
# https://docs.aws.amazon.com/amplify/latest/userguide/monitoring-with-eventbridge.html
rule = events.Rule(
    stack,
    "Failed",
    event_pattern=events.EventPattern(
        source=["aws.amplify"],
        detail_type=["Amplify Deployment Status Change"],
        detail={"appId": [APP_ID], "jobStatus": ["FAILED"]},
    ),
)
mail: Any = targets.SnsTopic(failures)
rule.add_target(mail)

job = AmplifyJob(stack, "Release", app_id=APP_ID, branch_name="main")
job.node.add_dependency(rule)

app.synth()
