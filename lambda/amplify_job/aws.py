"""The clients of AWS, made when they are first needed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_amplify import AmplifyClient
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_lambda import LambdaClient

    from properties import Place

# One attempt a call: the SDK takes "branch busy" (HTTP 429) for throttling and would send StartJob again
# behind our back. What is worth a retry is retried where it is known what a retry means.
ONE_ATTEMPT = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1})


class Aws:
    def amplify(self, place: Place, session_name: str) -> AmplifyClient:
        """The client for the branch's Region, with the place's role if it names one."""
        client: AmplifyClient = self._client(
            "amplify", place.region, **self._credentials(place, session_name)
        )
        return client

    def cloudformation(self) -> CloudFormationClient:
        client: CloudFormationClient = self._client("cloudformation")
        return client

    def lambda_(self) -> LambdaClient:
        client: LambdaClient = self._client("lambda")
        return client

    def _credentials(self, place: Place, session_name: str) -> dict[str, str]:
        if not place.assume_role_arn:
            return {}
        response = self._client("sts").assume_role(
            RoleArn=place.assume_role_arn,
            RoleSessionName=re.sub(r"[^\w+=,.@-]", "-", session_name, flags=re.ASCII)[:64],
        )
        credentials = response["Credentials"]
        return {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }

    def _client(self, service: str, region: str = "", **credentials: str) -> Any:
        make: Any = boto3.client
        region = region or os.environ["AWS_REGION"]
        return make(service, region_name=region, config=ONE_ATTEMPT, **credentials)
