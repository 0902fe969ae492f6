"""Release an AWS Amplify Hosting app from the ``cdk deploy`` that changes the rest of its stack."""

from .amplify_job import AmplifyJob
from .commit import Commit
from .options import AmplifyJobOptions, JobType, OnRollback, WhenBusy
from .provider import AmplifyJobProvider
from .provider_interface import IAmplifyJobProvider
from .provider_stack import AmplifyJobProviderStack
from .role import AmplifyJobRole
from .smoke_test import SmokeTest
from .stack import AmplifyJobStack
from .stage import AmplifyJobStage

__all__ = [
    "AmplifyJob",
    "AmplifyJobOptions",
    "AmplifyJobProvider",
    "AmplifyJobProviderStack",
    "AmplifyJobRole",
    "AmplifyJobStack",
    "AmplifyJobStage",
    "Commit",
    "IAmplifyJobProvider",
    "JobType",
    "OnRollback",
    "SmokeTest",
    "WhenBusy",
]
