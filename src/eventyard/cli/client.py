"""AWS clients for the commands, from botocore."""

from __future__ import annotations

import os
from typing import Any

import botocore.session
from botocore.config import Config


def aws_client(service: str, endpoint: str) -> Any:
    """A client for ``service`` at ``endpoint``, with credentials from the environment or those of development."""
    session = botocore.session.get_session()
    return session.create_client(
        service,
        endpoint_url=endpoint,
        region_name=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
        config=Config(retries={"max_attempts": 2}, connect_timeout=5, max_pool_connections=20),
    )
