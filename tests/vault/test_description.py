"""Somebody who writes a program from the API's description alone finds an example of everything, and how to sign in."""

from typing import Any

import pytest
from pydantic import BaseModel

from tests.vault import visitors
from tests.vault.world import World
from vault.api import dossier_shapes, grant_shapes, shapes

Schema = dict[str, Any]
MODELS = {
    name: model
    for module in (shapes, grant_shapes, dossier_shapes)
    for name, model in vars(module).items()
    if isinstance(model, type) and issubclass(model, BaseModel) and model not in (BaseModel, shapes.Taken)
}


@pytest.fixture
def description(world: World) -> dict[str, Any]:
    return visitors.app_of(world).openapi()


def example(schema: Schema, schemas: dict[str, Schema], place: str) -> Any:
    """The value that the description shows for a schema; fails where there is none."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return example(schemas[name], schemas, name)
    if "anyOf" in schema:
        return example(schema["anyOf"][0], schemas, place)
    if schema.get("type") == "array":
        return [example(schema["items"], schemas, place)]
    assert "properties" in schema, f"{place} has no example"
    return {name: example(part, schemas, f"{place}.{name}") for name, part in schema["properties"].items()}


def test_every_member_of_every_answer_and_body_has_an_example_of_its_type(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    assert len(schemas) > 20
    for name, schema in schemas.items():
        shown = example(schema, schemas, name)
        if name in MODELS:
            MODELS[name].model_validate(shown)


def test_every_operation_says_by_what_it_opens(description: dict[str, Any]) -> None:
    cookie = description["components"]["securitySchemes"]["session"]
    assert (cookie["in"], cookie["name"]) == ("cookie", "__Host-docvault")
    opened = {
        (method, path): operation.get("security", [])
        for path, item in description["paths"].items()
        for method, operation in item.items()
    }
    assert opened["get", "/api/documents"] == [{"session": []}]
    assert opened["get", "/agency/grants/{grant_id}/documents/{version_id}"] == [{"accessToken": []}, {"session": []}]
    assert opened["post", "/agency/grants/redeem"] == [{"session": []}, {}]
    free = {place for place, security in opened.items() if not security}
    assert free == {
        ("post", "/api/accounts"),
        ("post", "/api/session"),
        ("options", "/api/uploads"),
        ("options", "/api/uploads/{upload_id}"),
        ("get", "/.well-known/jwks.json"),
        ("get", "/.well-known/oauth-authorization-server"),
    }
