"""GitLab: ``X-Gitlab-Token``, the secret itself, or, with a signing token ``whsec_...``, a signature as in Standard
Webhooks over ``webhook-id``, ``webhook-timestamp`` and the body.

A webhook with a signing token among its secrets that are valid takes no plain token for it. Sources: GitLab's
documentation, "Webhooks"; GitLab's merge request 230944, "Add webhook HMAC signing token".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.provider import Answer, Arrival, Refused, Request, Sample
from eventyard.providers import standard
from eventyard.providers.body import arrival, kind_of, needed_object, text_of
from eventyard.providers.options import Options
from eventyard.providers.samples import GITLAB_PUSH
from eventyard.providers.signature import check_text, hash_key, same, signed

_TOKEN, _EVENT, _ID = "x-gitlab-token", "x-gitlab-event", "idempotency-key"


class GitLab:
    """No options. The type is the body's ``object_kind``, of system hooks ``event_name``, else the header's."""

    source = "gitlab"
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = (_EVENT, "x-gitlab-instance", "x-gitlab-webhook-uuid", "x-gitlab-event-uuid", _ID)
    secret_headers = frozenset({_TOKEN})
    thanks: Answer | None = None

    def __init__(self, options: Mapping[str, Any], tolerance: int) -> None:
        Options("gitlab", options)
        self._tolerance = tolerance

    def check_secret(self, secret: str) -> None:
        if secret.startswith(standard.SECRET):
            standard.check_key(secret)
        else:
            check_text(secret, 8)

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        signing = [each for each in secrets if each.startswith(standard.SECRET)]
        tokens = [each.encode() for each in secrets if not each.startswith(standard.SECRET)]
        if signing and (not tokens or request.header(standard.SIGNATURE) is not None):
            standard.check(request, signing, now, self._tolerance)
        else:
            given = request.need(_TOKEN).encode("latin-1", "replace")
            if not [True for each in tokens if same(each, given)]:
                raise Refused("signature", f"The token in header {_TOKEN} is not one that is valid now.")
        kind_of(request)
        found = needed_object(request.body)
        kind = text_of(found, "object_kind") or text_of(found, "event_name") or (request.header(_EVENT) or "")
        # Both: where there is a signature, the first of them isn't signed.
        ids = dict.fromkeys([request.header(_ID), request.header(standard.ID)])
        keys = [f"id:{id}" for id in ids if id]
        return [arrival(kind, request.body, keys or [hash_key(request.body)])]

    def sign(self, request: Request, secret: str, now: int) -> Request:
        if secret.startswith(standard.SECRET):
            return standard.sign(request, request.header(_ID) or "sample", secret, now)
        return signed(request, (_TOKEN, secret))

    def sample(self) -> Sample:
        return Sample(
            body=GITLAB_PUSH,
            headers=(
                ("content-type", "application/json"),
                (_EVENT, "Push Hook"),
                (_ID, "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"),
            ),
        )
