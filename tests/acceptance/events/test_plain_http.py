"""Plain HTTP goes only where the operator opened a network, as AWS takes none at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from tests.acceptance.cli.test_cli import running
from tests.acceptance.refusal import refused

BASIC = {"BasicAuthParameters": {"Username": "u", "Password": "p"}}


@contextmanager
def served(data: Path, *options: str) -> Iterator[Any]:
    """A client of a production server."""
    with running("serve", "--port", "0", "--data", str(data), *options) as process:
        url = json.loads(process.line_with('"serving"'))["url"]
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        client = boto3.client("events", endpoint_url=url, **keys)
        yield client
        client.close()


def destination(client: Any, name: str, url: str) -> Any:
    connection = client.create_connection(Name=name, AuthorizationType="BASIC", AuthParameters=BASIC)
    return client.create_api_destination(
        Name=name, ConnectionArn=connection["ConnectionArn"], InvocationEndpoint=url, HttpMethod="POST"
    )


def test_a_production_server_takes_https_only(tmp_path: Path) -> None:
    with served(tmp_path) as client:
        url = "http://example.com/cars"
        sentence = "it must begin with https://; http:// needs a network opened with --allow-network."
        with refused("ValidationException", f"Parameter InvocationEndpoint is not valid. Reason: {url}: {sentence}"):
            destination(client, "plain", url)
        assert destination(client, "safe", url.replace("http", "https"))["ApiDestinationState"] == "ACTIVE"
        with refused("ValidationException"):
            client.update_api_destination(Name="safe", InvocationEndpoint=url)
        oauth = {
            "ClientParameters": {"ClientID": "i", "ClientSecret": "s"},
            "AuthorizationEndpoint": "http://example.com/token",
            "HttpMethod": "POST",
        }
        with refused("ValidationException"):
            client.create_connection(
                Name="o", AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters={"OAuthParameters": oauth}
            )


def test_an_opened_network_may_be_called_without_tls(tmp_path: Path) -> None:
    with served(tmp_path, "--allow-network", "10.1.0.0/16") as client:
        assert destination(client, "inside", "http://10.1.2.3/cars")["ApiDestinationState"] == "ACTIVE"
