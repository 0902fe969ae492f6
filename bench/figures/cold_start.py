"""Item 5: what a cold start of the function takes: imports, clients, memory; each in a fresh process."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from figures.processes import fresh

_SCRIPT = """
import sys, time
began = time.process_time()
{work}
took, modules = time.process_time() - began, len(sys.modules)
import json
from figures.processes import peak_mb
print(json.dumps({{"seconds": took, "mb": peak_mb(), "modules": modules}}))
"""
_IMPORTS = "from amplify_job import index; from amplify_job.cloudformation.properties import BranchLocation;"
_LOCATION = 'BranchLocation("d1a2b3c4d5e6f7", "main", "us-east-1", "", "")'
_SIGNED = """
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
session = botocore.session.Session()
credentials = session.get_credentials()
http = URLLib3Session()
request = AWSRequest("GET", "https://amplify.us-east-1.amazonaws.com/apps/d1/branches/main/jobs")
SigV4Auth(credentials, "amplify", "us-east-1").add_auth(request)
request.prepare()
"""

BASE = "import of boto3"
HANDLER = "import of the handler"
READY = "the handler with its clients of Amplify and CloudFormation"
# What is tried, from nothing to what the function does, and leaner ways to do it.
VARIANTS = {
    "nothing (the interpreter)": "",
    "import of botocore.session": "import botocore.session",
    BASE: "import boto3",
    HANDLER: "from amplify_job import index",
    "the handler with its client of Amplify": (f"{_IMPORTS} index.Aws().amplify({_LOCATION}, 'bench')"),
    READY: (f"{_IMPORTS} aws = index.Aws(); aws.cloudformation(); aws.amplify({_LOCATION}, 'bench')"),
    "boto3 with these two clients": (
        "import boto3; boto3.client('amplify', 'us-east-1'); boto3.client('cloudformation', 'us-east-1')"
    ),
    "botocore with these two clients": (
        "import botocore.session; s = botocore.session.get_session(); "
        "s.create_client('amplify', 'us-east-1'); s.create_client('cloudformation', 'us-east-1')"
    ),
    "botocore with the client of Amplify": (
        "import botocore.session; botocore.session.get_session().create_client('amplify', 'us-east-1')"
    ),
    "botocore's signatures and HTTP, no service model": _SIGNED,
}


class Start(NamedTuple):
    seconds: float
    """Of the processor, which a busy machine does not stretch as it does a clock's."""
    mb: float
    modules: int
    ratio: float
    """Of the seconds to those of boto3's import, median of the pairs."""


def cold_starts(runs: int) -> dict[str, Start]:
    rounds = [
        {name: fresh(_SCRIPT.format(work=work)) for name, work in VARIANTS.items()} for _ in range(runs + 1)
    ][1:]  # the first has to read the files from the disk
    return {
        name: Start(
            statistics.median(run[name]["seconds"] for run in rounds),
            statistics.median(run[name]["mb"] for run in rounds),
            rounds[0][name]["modules"],
            statistics.median(run[name]["seconds"] / run[BASE]["seconds"] for run in rounds),
        )
        for name in VARIANTS
    }
