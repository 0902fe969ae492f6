"""The clients of AWS, made when they are first needed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_amplify import AmplifyClient
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client

    from amplify_job.cloudformation.properties import BranchLocation

# One attempt a call: the SDK takes "branch busy" (HTTP 429) for throttling and would send StartJob again.
# What is worth a retry is retried where it is known what a retry means.
ONE_ATTEMPT = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1})
# A read of many pages: one that is throttled must not make a rollback a forward Update.
SEVERAL_ATTEMPTS = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}
)


class Aws:
    def amplify(self, location: BranchLocation, session_name: str) -> AmplifyClient:
        """The client for the branch's Region, with the location's role if it names one."""
        client: AmplifyClient = self._client(
            "amplify", location.region, **self._credentials(location, session_name)
        )
        return client

    def cloudformation(self) -> CloudFormationClient:
        client: CloudFormationClient = self._client("cloudformation", config=SEVERAL_ATTEMPTS)
        return client

    def lambda_(self) -> LambdaClient:
        client: LambdaClient = self._client("lambda")
        return client

    def s3(self) -> S3Client:
        client: S3Client = self._client("s3")
        return client

    def _credentials(self, location: BranchLocation, session_name: str) -> dict[str, str]:
        if not location.assume_role_arn:
            return {}
        parameters = {
            "RoleArn": location.assume_role_arn,
            "RoleSessionName": re.sub(r"[^\w+=,.@-]", "-", session_name, flags=re.ASCII)[:64],
        }
        if location.external_id:
            parameters["ExternalId"] = location.external_id
        credentials = self._assume_role(location.region, parameters)["Credentials"]
        return {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }

    def _assume_role(self, region: str, parameters: Mapping[str, str]) -> Any:
        """Ask in the app's Region, whose credentials are valid there; else in the function's own.

        The function's account may not have enabled a Region of the app's account, and the other way round.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html
        """
        try:
            return self._client("sts", region).assume_role(**parameters)
        except ClientError:
            if region == os.environ["AWS_REGION"]:
                raise
            return self._client("sts").assume_role(**parameters)

    def _client(self, service: str, region: str = "", **options: Any) -> Any:
        make: Any = boto3.client
        region = region or os.environ["AWS_REGION"]
        return make(service, region_name=region, **{"config": ONE_ATTEMPT, **options})
