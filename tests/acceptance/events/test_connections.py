"""The operations on connections and API destinations, by boto3 against a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.events.yards import Process, Yard
from tests.acceptance.refusal import refused

KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret-1"}}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("connections") / "data")
    yield process
    assert process.stop() == 0


@pytest.fixture
def yard(process: Process) -> Yard:
    return process.yard()


def test_a_connection_is_described_without_its_secrets(yard: Yard) -> None:
    extra = {
        "HeaderParameters": [
            {"Key": "X-Open", "Value": "seen", "IsValueSecret": False},
            {"Key": "X-Hidden", "Value": "secret-2", "IsValueSecret": True},
        ],
        "QueryStringParameters": [{"Key": "q", "Value": "plain"}],
    }
    made = yard.events.create_connection(
        Name="conn",
        Description="about",
        AuthorizationType="API_KEY",
        AuthParameters={**KEY, "InvocationHttpParameters": extra},
    )
    assert made["ConnectionState"] == "AUTHORIZED"
    arn = rf"arn:aws:events:eu-west-1:{yard.account}:connection/conn/[0-9a-f-]{{36}}"
    assert re.fullmatch(arn, made["ConnectionArn"])
    found = yard.events.describe_connection(Name="conn")
    secret = rf"arn:aws:secretsmanager:eu-west-1:{yard.account}:secret:events!connection/conn/[0-9a-f-]{{36}}"
    assert re.fullmatch(secret, found["SecretArn"])
    assert found["LastAuthorizedTime"] == found["CreationTime"] == made["CreationTime"]
    assert (found["Description"], found["AuthorizationType"]) == ("about", "API_KEY")
    assert found["AuthParameters"] == {
        "ApiKeyAuthParameters": {"ApiKeyName": "X-Key"},
        "InvocationHttpParameters": {
            "HeaderParameters": [
                {"Key": "X-Open", "Value": "seen", "IsValueSecret": False},
                {"Key": "X-Hidden", "IsValueSecret": True},
            ],
            "QueryStringParameters": [{"Key": "q", "Value": "plain"}],
        },
    }
    assert "secret-" not in str(found) + str(yard.events.list_connections())


def test_an_update_changes_what_it_gives_and_keeps_the_rest(yard: Yard) -> None:
    arn = yard.connection(InvocationHttpParameters={"QueryStringParameters": [{"Key": "q", "Value": "plain"}]})
    basic = {"BasicAuthParameters": {"Username": "anna", "Password": "secret-3"}}
    yard.events.update_connection(Name="conn", Description="new", AuthParameters=KEY)
    assert yard.events.describe_connection(Name="conn")["Description"] == "new"
    answer = yard.events.update_connection(Name="conn", AuthorizationType="BASIC", AuthParameters=basic)
    assert answer["ConnectionArn"] == arn
    found = yard.events.describe_connection(Name="conn")
    assert (found["Description"], found["AuthorizationType"]) == ("new", "BASIC")
    assert found["AuthParameters"] == {
        "BasicAuthParameters": {"Username": "anna"},
        "InvocationHttpParameters": {"QueryStringParameters": [{"Key": "q", "Value": "plain"}]},
    }


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("BASIC", KEY, "ApiKeyAuthParameters can't be used with AuthorizationType BASIC."),
        ("API_KEY", {}, "ApiKeyAuthParameters.ApiKeyName is required for AuthorizationType API_KEY."),
        (
            "API_KEY",
            {**KEY, "BasicAuthParameters": {"Username": "a", "Password": "b"}},
            "BasicAuthParameters can't be used with AuthorizationType API_KEY.",
        ),
    ],
)
def test_parameters_that_do_not_fit_are_refused(yard: Yard, kind: str, parameters: Any, message: str) -> None:
    with refused("ValidationException", f"Parameter AuthParameters is not valid. Reason: {message}"):
        yard.events.create_connection(Name="c", AuthorizationType=kind, AuthParameters=parameters)


@pytest.mark.parametrize("header", ["Host", "Content-Length", "transfer-encoding"])
def test_headers_that_could_smuggle_are_refused(yard: Yard, header: str) -> None:
    with refused("ValidationException"):
        yard.connection(InvocationHttpParameters={"HeaderParameters": [{"Key": header, "Value": "x"}]})
    with refused("ValidationException"):
        yard.connection(ApiKeyAuthParameters={"ApiKeyName": header, "ApiKeyValue": "x"})


def test_what_is_not_done_is_refused_by_name(yard: Yard) -> None:
    lattice = "arn:aws:vpc-lattice:eu-west-1:123456789012:resourceconfiguration/rcfg-12345678901234567"
    private = {"ResourceParameters": {"ResourceConfigurationArn": lattice}}
    for more in ({"KmsKeyIdentifier": "alias/mine"}, {"InvocationConnectivityParameters": private}):
        with refused("UnsupportedOperationException"):
            yard.events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=KEY, **more)
    assert yard.events.list_connections()["Connections"] == []


def test_names_are_taken_once_and_missing_ones_are_not_found(yard: Yard) -> None:
    connection = yard.connection()
    with refused("ResourceAlreadyExistsException"):
        yard.connection()
    yard.destination("https://example.com", connection)
    with refused("ResourceAlreadyExistsException"):
        yard.destination("https://example.com", connection)
    sentence = "Failed to describe the connection(s). Connection 'x' does not exist."
    with refused("ResourceNotFoundException", sentence):
        yard.events.describe_connection(Name="x")
    for call in (
        yard.events.delete_connection,
        yard.events.deauthorize_connection,
        yard.events.update_connection,
        yard.events.describe_api_destination,
        yard.events.delete_api_destination,
        yard.events.update_api_destination,
    ):
        with refused("ResourceNotFoundException"):
            call(Name="x")


def test_lists_come_in_pages_by_prefix_state_and_connection(yard: Yard) -> None:
    arns = [yard.connection(f"a{number}") for number in range(3)] + [yard.connection("b")]
    yard.events.deauthorize_connection(Name="a1")
    for number, arn in enumerate(arns):
        yard.destination("https://example.com", arn, f"d{number}")
    first = yard.events.list_connections(NamePrefix="a", Limit=2)
    rest = yard.events.list_connections(NamePrefix="a", Limit=2, NextToken=first["NextToken"])
    assert [one["Name"] for one in first["Connections"] + rest["Connections"]] == ["a0", "a1", "a2"]
    assert "NextToken" not in rest
    with refused("ValidationException", "Parameter NextToken is not valid."):
        yard.events.list_connections(NamePrefix="b", NextToken=first["NextToken"])
    (gone,) = yard.events.list_connections(ConnectionState="DEAUTHORIZED")["Connections"]
    assert gone["Name"] == "a1"
    (mine,) = yard.events.list_api_destinations(ConnectionArn=arns[1])["ApiDestinations"]
    assert (mine["Name"], mine["ApiDestinationState"]) == ("d1", "INACTIVE")
    paged = yard.events.list_api_destinations(NamePrefix="d", Limit=3)
    assert len(paged["ApiDestinations"]) == 3
    more = yard.events.list_api_destinations(NamePrefix="d", NextToken=paged["NextToken"])
    assert [one["Name"] for one in more["ApiDestinations"]] == ["d3"]


def test_a_deleted_connection_leaves_its_destinations_inactive(yard: Yard) -> None:
    connection = yard.connection()
    yard.destination("https://example.com", connection)
    assert yard.events.describe_api_destination(Name="dest")["ApiDestinationState"] == "ACTIVE"
    assert yard.events.delete_connection(Name="conn")["ConnectionState"] == "AUTHORIZED"
    assert yard.events.describe_api_destination(Name="dest")["ApiDestinationState"] == "INACTIVE"
    assert yard.connection() != connection, "a new one of the same name is another"
    assert yard.events.describe_api_destination(Name="dest")["ApiDestinationState"] == "INACTIVE"


def test_a_destination_is_described_as_it_was_made(yard: Yard) -> None:
    connection = yard.connection()
    arn = yard.destination("https://example.com/a/*", connection, Description="about")
    assert re.fullmatch(rf"arn:aws:events:eu-west-1:{yard.account}:api-destination/dest/[0-9a-f-]{{36}}", arn)
    found = yard.events.describe_api_destination(Name="dest")
    assert (found["InvocationRateLimitPerSecond"], found["HttpMethod"], found["Description"]) == (300, "POST", "about")
    assert (found["ApiDestinationArn"], found["ConnectionArn"]) == (arn, connection)
    yard.events.update_api_destination(Name="dest", InvocationRateLimitPerSecond=5)
    after = yard.events.describe_api_destination(Name="dest")
    assert (after["InvocationRateLimitPerSecond"], after["Description"]) == (5, "about")
    yard.events.delete_api_destination(Name="dest")
    assert yard.events.list_api_destinations()["ApiDestinations"] == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com",
        "example.com",
        "https://",
        "https://me:pw@example.com",
        "https://*.example.com/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com/?a=*",
    ],
)
def test_endpoints_that_can_not_be_called_are_refused(yard: Yard, url: str) -> None:
    with refused("ValidationException"):
        yard.destination(url, yard.connection())


def test_another_accounts_connection_can_not_be_used(yard: Yard, process: Process) -> None:
    foreign = process.yard().connection()
    with refused("ResourceNotFoundException", "Connection 'conn' does not exist."):
        yard.destination("https://example.com", foreign)


def test_bad_parameters_are_refused_when_the_target_is_put(yard: Yard) -> None:
    destination = yard.destination("https://example.com", yard.connection())
    for parameters in ({"HeaderParameters": {"Host": "x"}}, {"QueryStringParameters": {"a": "$.detail[x]"}}):
        with refused("ValidationException"):
            yard.rule(destination, HttpParameters=parameters)
