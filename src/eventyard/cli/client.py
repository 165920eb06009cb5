"""AWS clients for the commands, from botocore."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from eventyard.cli.identity import identity
from eventyard.cli.options import LOCAL
from eventyard.errors import InvalidRequest, TryAgain

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def aws_client(service: str, endpoint: str, session: Any = None) -> Any:
    """A client for ``service`` at ``endpoint``, with credentials from the environment or those of development.
    ``session``: botocore's, for who makes several clients: what they have in common is read once.

    Raises ValueError for an endpoint that is no URL."""
    own = identity()
    return (session or botocore.session.get_session()).create_client(
        service,
        endpoint_url=endpoint,
        region_name=own.region,
        aws_access_key_id=own.key,
        aws_secret_access_key=own.secret,
        config=Config(
            retries={"max_attempts": 2},
            connect_timeout=5,
            # A proxy of the environment can't reach this machine's loopback.
            proxies={} if urlsplit(endpoint).hostname in _LOOPBACK else None,
        ),
    )


def real_client(service: str) -> Any:
    """A client for ``service`` of AWS itself, as this machine is configured for it.

    Raises InvalidRequest where it isn't."""
    try:
        return botocore.session.get_session().create_client(service)
    except BotoCoreError as error:
        raise InvalidRequest(f"AWS can't be asked: {error}") from error


@contextlib.contextmanager
def told(endpoint: str) -> Iterator[None]:
    """What goes wrong with a client in the block, as an error of ours: InvalidRequest with the server's words, or
    TryAgain where nobody answers."""
    try:
        yield
    except ClientError as error:
        raise InvalidRequest(error.response["Error"]["Message"]) from error
    except BotoCoreError as error:
        raise TryAgain(
            f"No server at {endpoint}. Start one with `eventyard dev`, or name it with --endpoint."
        ) from error
    except ValueError as error:
        raise InvalidRequest(f"{error}. An endpoint looks like {LOCAL}.") from error
