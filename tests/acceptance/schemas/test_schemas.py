"""The EventBridge Schemas API through a real boto3: every operation, what is refused, and over kill -9."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.refusal import refused
from tests.acceptance.server import Server, new_account

CANCELLED = "uk.co.cazoo@DeliveryCancelled"


def _content(**properties: Any) -> str:
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "properties": properties}
    return json.dumps(schema)


FIRST = _content(order_number={"type": "string"})
SECOND = _content(order_number={"type": "string"}, reason={"type": "string"})


class Shop:
    """A client, and a registry with one schema that has two versions."""

    def __init__(self, client: Any, account: str) -> None:
        self.client = client
        self.account = account
        self.schema = {"RegistryName": "shop", "SchemaName": CANCELLED}
        client.create_registry(RegistryName="shop", Description="All of the shop", Tags={"team": "orders"})
        self.made = client.create_schema(
            **self.schema, Type="JSONSchemaDraft4", Content=FIRST, Description="Gone", Tags={"stage": "test"}
        )
        client.update_schema(**self.schema, Content=SECOND)

    def arn(self, resource: str) -> str:
        return f"arn:aws:schemas:us-east-1:{self.account}:{resource}"


@pytest.fixture
def client(connect: Callable[[str], Any]) -> Any:
    return connect("schemas")


@pytest.fixture
def shop(client: Any, account: str) -> Shop:
    return Shop(client, account)


# --- registries -----------------------------------------------------------------------------------------------------


def test_a_registry_is_created_described_changed_and_deleted(client: Any, account: str) -> None:
    arn = f"arn:aws:schemas:us-east-1:{account}:registry/shop"
    made = client.create_registry(RegistryName="shop", Description="All of it", Tags={"team": "orders"})
    wanted = {"RegistryName": "shop", "RegistryArn": arn, "Description": "All of it", "Tags": {"team": "orders"}}
    assert _plain(made) == wanted
    assert _plain(client.describe_registry(RegistryName="shop")) == wanted
    assert client.update_registry(RegistryName="shop", Description="Less")["Description"] == "Less"
    client.delete_registry(RegistryName="shop")
    with refused("NotFoundException", "Registry with name shop does not exist."):
        client.describe_registry(RegistryName="shop")


def test_three_registries_are_always_there(client: Any) -> None:
    names = [each["RegistryName"] for each in client.list_registries()["Registries"]]
    assert names == ["aws.events", "discovered-schemas", "eventyard.events"]
    own = [each["RegistryName"] for each in client.list_registries(Scope="Local")["Registries"]]
    assert own == ["discovered-schemas"]
    given = [each["RegistryName"] for each in client.list_registries(Scope="AWS")["Registries"]]
    assert given == ["aws.events", "eventyard.events"]


def test_a_registry_that_holds_schemas_is_not_deleted(shop: Shop) -> None:
    with refused("BadRequestException", "Registry shop holds schemas: delete them first."):
        shop.client.delete_registry(RegistryName="shop")
    shop.client.delete_schema(**shop.schema)
    shop.client.delete_registry(RegistryName="shop")


def test_registries_are_refused_by_name(client: Any) -> None:
    client.create_registry(RegistryName="shop")
    with refused("ConflictException", "Registry with name shop already exists."):
        client.create_registry(RegistryName="shop")
    for name in ("a b", "x" * 65, "aws.own", "eventyard.own"):
        with refused("BadRequestException"):
            client.create_registry(RegistryName=name)
    with refused("ConflictException"):
        client.create_registry(RegistryName="discovered-schemas")
    with refused("BadRequestException"):
        client.create_registry(RegistryName="tagged", Tags={"aws:x": "1"})


@pytest.mark.parametrize("registry", ["aws.events", "eventyard.events", "discovered-schemas"])
def test_a_registry_of_the_server_is_not_written_to(client: Any, registry: str) -> None:
    with refused("ForbiddenException", f"Registry {registry} can't be changed."):
        client.create_schema(RegistryName=registry, SchemaName="x", Type="JSONSchemaDraft4", Content=FIRST)
    with refused("ForbiddenException"):
        client.delete_registry(RegistryName=registry)
    with refused("ForbiddenException"):
        client.update_registry(RegistryName=registry, Description="x")


def test_registries_come_in_pages(client: Any) -> None:
    for number in range(5):
        client.create_registry(RegistryName=f"page{number}")
    pages = client.get_paginator("list_registries").paginate(
        RegistryNamePrefix="page", PaginationConfig={"PageSize": 2}
    )
    found = [[each["RegistryName"] for each in page["Registries"]] for page in pages]
    assert found == [["page0", "page1"], ["page2", "page3"], ["page4"]]
    for limit in (0, 101):
        with refused("BadRequestException"):
            client.list_registries(Limit=limit)
    with refused("BadRequestException"):
        client.list_registries(NextToken="nonsense")


# --- schemas --------------------------------------------------------------------------------------------------------


def test_a_schema_is_created_with_its_first_version(shop: Shop) -> None:
    made = _plain(shop.made)
    assert made.pop("LastModified") == made.pop("VersionCreatedDate")
    assert made == {
        "Description": "Gone",
        "SchemaArn": shop.arn(f"schema/shop/{CANCELLED}"),
        "SchemaName": CANCELLED,
        "SchemaVersion": "1",
        "Tags": {"stage": "test"},
        "Type": "JSONSchemaDraft4",
    }
    with refused("ConflictException", f"Schema with name {CANCELLED} already exists."):
        shop.client.create_schema(**shop.schema, Type="JSONSchemaDraft4", Content=FIRST)


def test_only_other_content_makes_another_version(shop: Shop) -> None:
    client = shop.client
    assert client.update_schema(**shop.schema, Content=SECOND)["SchemaVersion"] == "2"
    changed = client.update_schema(**shop.schema, Description="Other")
    assert (changed["SchemaVersion"], changed["Description"]) == ("2", "Other")
    assert client.update_schema(**shop.schema, Content=FIRST)["SchemaVersion"] == "3"
    with refused("BadRequestException", "Type can't be changed without Content."):
        client.update_schema(**shop.schema, Type="OpenApi3")


def test_the_same_token_makes_one_version(shop: Shop) -> None:
    third = _content(third={})
    assert shop.client.update_schema(**shop.schema, Content=third, ClientTokenId="t")["SchemaVersion"] == "3"
    assert shop.client.update_schema(**shop.schema, Content=FIRST, ClientTokenId="t")["SchemaVersion"] == "3"


def test_every_version_can_be_described(shop: Shop) -> None:
    latest = shop.client.describe_schema(**shop.schema)
    assert (latest["SchemaVersion"], latest["Content"], latest["Type"]) == ("2", SECOND, "JSONSchemaDraft4")
    assert shop.client.describe_schema(**shop.schema, SchemaVersion="1")["Content"] == FIRST
    for version in ("3", "0", "-1", "x"):
        with refused("NotFoundException", f"Schema {CANCELLED} has no version {version}."):
            shop.client.describe_schema(**shop.schema, SchemaVersion=version)
    versions = shop.client.list_schema_versions(**shop.schema)["SchemaVersions"]
    assert [each["SchemaVersion"] for each in versions] == ["2", "1"]
    pages = shop.client.get_paginator("list_schema_versions").paginate(**shop.schema, PaginationConfig={"PageSize": 1})
    assert [page["SchemaVersions"][0]["SchemaVersion"] for page in pages] == ["2", "1"]


def test_a_version_is_deleted_and_its_number_not_used_again(shop: Shop) -> None:
    client = shop.client
    client.delete_schema_version(**shop.schema, SchemaVersion="2")
    assert client.describe_schema(**shop.schema)["SchemaVersion"] == "1"
    assert client.update_schema(**shop.schema, Content=SECOND)["SchemaVersion"] == "3"
    client.delete_schema_version(**shop.schema, SchemaVersion="1")
    client.delete_schema_version(**shop.schema, SchemaVersion="3")
    with refused("NotFoundException", f"Schema with name {CANCELLED} does not exist."):
        client.describe_schema(**shop.schema)


def test_schemas_are_listed_by_prefix(shop: Shop) -> None:
    shop.client.create_schema(RegistryName="shop", SchemaName="other", Type="JSONSchemaDraft4", Content=FIRST)
    found = shop.client.list_schemas(RegistryName="shop", SchemaNamePrefix="uk.")["Schemas"]
    assert [(each["SchemaName"], each["VersionCount"]) for each in found] == [(CANCELLED, 2)]
    pages = shop.client.get_paginator("list_schemas").paginate(RegistryName="shop", PaginationConfig={"PageSize": 1})
    assert [page["Schemas"][0]["SchemaName"] for page in pages] == ["other", CANCELLED]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"$ref": "https://example.com/x"}', "nothing is fetched"),
        ('{"allOf": [{"$ref": "#"}]}', "consists of itself"),
        ('{"pattern": "(a+)+$"}', "exponential time"),
        ('{"type": "text"}', "#/type"),
        ("{", "not a JSON object"),
    ],
)
def test_content_that_is_no_good_schema_is_refused(shop: Shop, content: str, words: str) -> None:
    for call in (
        lambda: shop.client.create_schema(
            RegistryName="shop", SchemaName="bad", Type="JSONSchemaDraft4", Content=content
        ),
        lambda: shop.client.update_schema(**shop.schema, Content=content),
    ):
        started = time.monotonic()
        with pytest.raises(ClientError, match="Content is not valid") as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "BadRequestException"
        assert words in caught.value.response["Error"]["Message"]
        assert time.monotonic() - started < 2


def test_a_schema_of_five_megabytes_is_refused_at_once(shop: Shop) -> None:
    with pytest.raises(ClientError) as caught:
        shop.client.update_schema(**shop.schema, Content=json.dumps({"title": "x" * 5_000_000}))
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] in (400, 413)
    assert len(answer["Error"]["Message"]) < 1_000


def test_names_of_schemas_are_checked(shop: Shop) -> None:
    for name in ("a b", "x" * 386, "a/b"):
        with refused("BadRequestException"):
            shop.client.create_schema(RegistryName="shop", SchemaName=name, Type="JSONSchemaDraft4", Content=FIRST)
    with refused("NotFoundException"):
        shop.client.create_schema(RegistryName="none", SchemaName="a", Type="JSONSchemaDraft4", Content=FIRST)


# --- search and export ----------------------------------------------------------------------------------------------


def test_order_finds_delivery_cancelled_in_two_versions(shop: Shop) -> None:
    found = shop.client.search_schemas(RegistryName="shop", Keywords="order")["Schemas"]
    assert [(each["SchemaName"], each["RegistryName"], each["SchemaArn"]) for each in found] == [
        (CANCELLED, "shop", shop.arn(f"schema/shop/{CANCELLED}"))
    ]
    assert [each["SchemaVersion"] for each in found[0]["SchemaVersions"]] == ["2", "1"]
    assert {each["Type"] for each in found[0]["SchemaVersions"]} == {"JSONSchemaDraft4"}


def test_only_versions_with_all_keywords_are_found(shop: Shop) -> None:
    def versions(keywords: str) -> list[str]:
        found = shop.client.search_schemas(RegistryName="shop", Keywords=keywords)["Schemas"]
        return [each["SchemaVersion"] for schema in found for each in schema["SchemaVersions"]]

    assert versions("reason") == ["2"]
    assert versions("ORDER_number deliver") == ["2", "1"]
    assert versions("order nothing") == []
    assert versions('"order_number"') == ["2", "1"]
    assert versions("or*ber") == ["2", "1"]
    assert versions("object") == []  # what every schema consists of
    with refused("BadRequestException"):
        versions("***")


def test_what_the_server_publishes_is_described_and_exported(client: Any) -> None:
    names = [each["SchemaName"] for each in client.list_schemas(RegistryName="aws.events")["Schemas"]]
    assert names == ["aws.events@ScheduledEvent", "aws.schemas@SchemaCreated", "aws.schemas@SchemaVersionCreated"]
    own = [each["SchemaName"] for each in client.list_schemas(RegistryName="eventyard.events")["Schemas"]]
    assert own == ["eventyard.contracts@ContractViolated", "eventyard.contracts@EventQuarantined"]
    asked = {"RegistryName": "aws.events", "SchemaName": names[1]}
    exported = client.export_schema(**asked, Type="JSONSchemaDraft4")
    schema = json.loads(exported["Content"])
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert schema["properties"]["detail"] == {"$ref": "#/definitions/SchemaCreated"}
    assert (exported["SchemaName"], exported["SchemaVersion"], exported["Type"]) == (names[1], "1", "JSONSchemaDraft4")
    plain = client.export_schema(**asked, Type="OpenApi3")["Content"]
    assert plain == client.describe_schema(**asked)["Content"]


def test_own_schemas_are_not_exported(shop: Shop) -> None:
    with refused("ForbiddenException", "You cannot export non discovered or non aws managed schemas."):
        shop.client.export_schema(**shop.schema, Type="JSONSchemaDraft4")


# --- tags -----------------------------------------------------------------------------------------------------------


def test_everything_that_has_an_arn_is_tagged(shop: Shop) -> None:
    bus = f"arn:aws:events:us-east-1:{shop.account}:event-bus/default"
    discoverer = shop.client.create_discoverer(SourceArn=bus, Tags={"team": "orders"})["DiscovererArn"]
    for arn, before in (
        (shop.arn("registry/shop"), {"team": "orders"}),
        (shop.arn(f"schema/shop/{CANCELLED}"), {"stage": "test"}),
        (discoverer, {"team": "orders"}),
    ):
        assert shop.client.list_tags_for_resource(ResourceArn=arn)["Tags"] == before
        shop.client.tag_resource(ResourceArn=arn, Tags={"more": "1"})
        shop.client.untag_resource(ResourceArn=arn, TagKeys=[*before])
        assert shop.client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"more": "1"}
    for arn in ("registry/none", "schema/shop/none", "discoverer/none", "other/x"):
        with refused("NotFoundException"):
            shop.client.list_tags_for_resource(ResourceArn=shop.arn(arn))
    with refused("BadRequestException"):
        shop.client.tag_resource(ResourceArn=shop.arn("registry/shop"), Tags={f"k{n}": "v" for n in range(51)})


# --- resource policies ----------------------------------------------------------------------------------------------


def test_a_policy_lets_another_account_in(shop: Shop, server: Server) -> None:
    other_account = new_account()
    other, registry = server.client("schemas", other_account), shop.arn("registry/shop")
    asked = {"RegistryName": registry, "SchemaName": CANCELLED}
    with refused("ForbiddenException"):
        other.describe_schema(**asked)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": other_account},
                "Action": ["schemas:Describe*", "schemas:SearchSchemas"],
                "Resource": [registry, shop.arn("schema/shop*")],
            }
        ],
    }
    put = shop.client.put_resource_policy(RegistryName="shop", Policy=json.dumps(policy))
    assert json.loads(put["Policy"]) == policy
    assert other.describe_schema(**asked)["Content"] == SECOND
    assert other.search_schemas(RegistryName=registry, Keywords="order")["Schemas"]
    with refused("ForbiddenException"):
        other.delete_schema(**asked)
    with refused("ForbiddenException"):
        other.get_resource_policy(RegistryName=registry)
    got = shop.client.get_resource_policy(RegistryName="shop")
    assert (got["Policy"], got["RevisionId"]) == (put["Policy"], put["RevisionId"])
    shop.client.delete_resource_policy(RegistryName="shop")
    with refused("ForbiddenException"):
        other.describe_schema(**asked)
    with refused("NotFoundException", "Registry shop has no resource policy."):
        shop.client.get_resource_policy(RegistryName="shop")
    with refused("NotFoundException"):
        shop.client.delete_resource_policy(RegistryName="shop")


def test_a_policy_is_replaced_only_with_its_revision_if_one_is_given(shop: Shop) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "schemas:DeleteSchema",
        "Resource": shop.arn("schema/shop*"),
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    first = shop.client.put_resource_policy(RegistryName="shop", Policy=policy)["RevisionId"]
    with refused("PreconditionFailedException"):
        shop.client.put_resource_policy(RegistryName="shop", Policy=policy, RevisionId="other")
    second = shop.client.put_resource_policy(RegistryName="shop", Policy=policy, RevisionId=first)["RevisionId"]
    assert second != first
    with refused("ForbiddenException"):  # an explicit deny holds the owner, too
        shop.client.delete_schema(**shop.schema)


@pytest.mark.parametrize("policy", ["{", "{}", '{"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]}'])
def test_what_is_no_policy_is_refused(shop: Shop, policy: str) -> None:
    with pytest.raises(ClientError) as caught:
        shop.client.put_resource_policy(RegistryName="shop", Policy=policy)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with refused("BadRequestException"):
        shop.client.get_resource_policy()


# --- over time ------------------------------------------------------------------------------------------------------


def test_all_of_it_survives_kill_9(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        shop = Shop(server.client("schemas", "000000000001"), "000000000001")
        bus = "arn:aws:events:us-east-1:000000000001:event-bus/default"
        shop.client.create_discoverer(SourceArn=bus, CrossAccount=False, Description="d")
        before = _everything(shop.client)
        server.kill()
        server.start()
        client = server.client("schemas", "000000000001")
        assert _everything(client) == before
        assert client.update_schema(**shop.schema, Content=FIRST)["SchemaVersion"] == "3"
    finally:
        server.stop()


def test_accounts_and_regions_do_not_see_each_other(shop: Shop, server: Server) -> None:
    other = server.client("schemas", new_account())
    with refused("NotFoundException"):
        other.describe_schema(**shop.schema)
    assert [each["RegistryName"] for each in other.list_registries(Scope="Local")["Registries"]] == [
        "discovered-schemas"
    ]


def _everything(client: Any) -> Any:
    return (
        client.list_registries()["Registries"],
        client.list_schemas(RegistryName="shop")["Schemas"],
        client.list_schema_versions(RegistryName="shop", SchemaName=CANCELLED)["SchemaVersions"],
        _plain(client.describe_schema(RegistryName="shop", SchemaName=CANCELLED)),
        client.list_discoverers()["Discoverers"],
    )


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
