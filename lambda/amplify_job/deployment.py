"""Deploying files: CreateDeployment, the upload of a zip, StartDeployment.

https://docs.aws.amazon.com/amplify/latest/APIReference/API_CreateDeployment.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.error import HTTPError

import web
from deadline import Deadline
from files import Files, Zip
from jobs import Job, Jobs
from log import log
from outcomes import AccessDenied, AmplifyError, Failure, HandOver, NotFound, Throttled, Unanswered
from request import Progress

_PAUSES = (1, 4)  # between tries at one URL
_TRIES = 3  # of CreateDeployment and the upload: each one gets another URL
_SECONDS = 30  # for each read or write of the upload
_CLEAN_UP_SECONDS = 25  # a second try begins also after a first one that was not answered in 20 s


class Deployment:
    """Deploys the files of a request. That may take several deployments of Amplify's, until one starts.

    :param may_act: Whether CloudFormation still wants the request.
    """

    def __init__(
        self,
        jobs: Jobs,
        files: Files,
        progress: Progress,
        deadline: Deadline,
        may_act: Callable[[], bool],
    ) -> None:
        self._jobs = jobs
        self._files = files
        self._progress = progress
        self._deadline = deadline
        self._may_act = may_act
        self._failed = 0

    def __enter__(self) -> Deployment:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Leave nothing in the way of others, unless the next invocation goes on."""
        self._files.close()
        if kind is None or issubclass(kind, Failure):
            with suppress(Failure):
                self._deadline.after(_CLEAN_UP_SECONDS).retry(self._stop_unfinished)

    def start(self, fields: Mapping[str, Any]) -> Job | None:
        """Try once. First stop what the try before left unfinished.

        :param fields: Those of StartJob; a deployment has none of them.
        :return: None if the request was given up.
        :raises Failure: as starting a job does, or the files cannot be used.
        """
        files = self._files.zip(self._deadline.check)
        self._stop_unfinished()
        job_id, url = self._jobs.create_deployment()
        self._progress.created = job_id
        log("created", job=job_id, bytes=files.size)
        self._upload(files, url)
        if not self._may_act():
            return None
        return self._start(job_id)

    def _stop_unfinished(self) -> None:
        """Stop a deployment that was created and not started: it blocks the branch.

        :raises Throttled: worth another try.
        """
        if not self._progress.created:
            return
        try:
            self._jobs.stop(self._progress.created)
            log("stopped", job=self._progress.created)
        except (Unanswered, AccessDenied) as error:
            raise Throttled(str(error)) from error
        except (AmplifyError, NotFound) as error:  # it has ended
            log("not stopped", job=self._progress.created, error=str(error))
        self._progress.created = ""

    def _upload(self, files: Zip, url: str) -> None:
        """:raises Throttled, AmplifyError: not sent; the first is worth another try."""
        for pause in (*_PAUSES, None):
            try:
                headers = {"Content-Type": "application/zip", "Content-Length": str(files.size)}
                options: dict[str, Any] = {"method": "PUT", "headers": headers, "data": self._timely(files)}
                with web.request(url, self._jobs.endpoint, _SECONDS, **options):
                    log("uploaded", job=self._progress.created)
                    return
            except (HandOver, Throttled):
                raise
            except Exception as error:  # its text may hold the URL
                why = f"HTTP {error.code}" if isinstance(error, HTTPError) else type(error).__name__
                log("not uploaded", job=self._progress.created, error=why)
            if pause is None or why == "HTTP 403":  # the URL has expired
                self._failed += 1
                text = f"the files could not be sent to Amplify: {why}"
                raise Throttled(text) if self._failed < _TRIES else AmplifyError(text)
            self._deadline.pause(pause)

    def _timely(self, files: Zip) -> Iterator[bytes]:
        for chunk in files.chunks():
            self._deadline.check()
            yield chunk

    def _start(self, job_id: str) -> Job:
        """StartDeployment names the job, so that it can be repeated until it is answered."""
        may_have_started = False
        while True:
            try:
                return self._jobs.start_deployment(job_id)
            except (Unanswered, AccessDenied) as error:
                may_have_started |= not isinstance(error, (Throttled, AccessDenied))
                self._deadline.tolerate(error)
                if not self._deadline.pause():
                    raise
            except (AmplifyError, NotFound):
                if may_have_started and self._deadline.pause():  # a job that starts shows it within a second
                    job = self._deadline.retry(lambda: self._jobs.get(job_id))
                    if not job.is_unstarted:
                        return job
                raise
