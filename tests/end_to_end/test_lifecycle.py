"""What happens besides the main job, with the strict emulator and the real function."""

from __future__ import annotations

import threading
from collections.abc import Callable

from deployed import Deployment, Site
from waiting import SECONDS

from amplify_local import LocalAws

SiteMaker = Callable[..., Site]


class InBackground:
    """A deployment that goes on while the test does something else."""

    def __init__(self, run: Callable[[], Deployment]) -> None:
        self._thread = threading.Thread(target=self._run, args=[run], daemon=True)
        self._thread.start()

    def _run(self, run: Callable[[], Deployment]) -> None:
        self._deployment = run()

    def result(self) -> Deployment:
        self._thread.join(timeout=5 * SECONDS)
        assert not self._thread.is_alive()
        return self._deployment


def test_a_busy_branch_is_waited_for(site: SiteMaker) -> None:
    busy = site("Busy")
    busy.aws.amplify.next_job(branch=(busy.app_id, "main"), never_ends=True)
    busy.aws.amplify.push(busy.app_id, "main")

    deployment = InBackground(busy.deploy)
    assert busy.refused()
    assert busy.comes_to("RELEASE RUNNING")
    busy.aws.amplify.stop(busy.app_id, "main", "1")

    deployed = deployment.result()
    assert deployed.succeeded, deployed.output
    assert busy.jobs == ["RELEASE CANCELLED", "RELEASE SUCCEED"]
    assert deployed.outputs["JobId"] == "2"


def test_a_stack_that_is_deleted_during_its_job_stops_that_job(aws: LocalAws, site: SiteMaker) -> None:
    brief = site("Brief")
    brief.aws.amplify.next_job(branch=(brief.app_id, "main"), never_ends=True)
    deployment = InBackground(brief.deploy)
    assert brief.comes_to("RELEASE RUNNING")

    assert aws.abandon("JobB9D00F9F")  # as when a sibling fails meanwhile

    assert not deployment.result().succeeded
    assert brief.comes_to("RELEASE CANCELLED")
