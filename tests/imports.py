"""Builders for imports: Compose files as people send them, and what the UI sends on."""

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bson import ObjectId

from app.bootstrap import Services
from app.imports.models import Analyze
from app.imports.parts import Part, checked
from tests.api import API

SHOP: Final = """\
services:
  web:
    image: localhost:5000/web:1
    ports: ["8080:8080"]
    environment:
      DATABASE_URL: postgres://shop:s3cret-canary@db:5432/shop
      LOG_LEVEL: info
    depends_on: [db]
  db:
    image: localhost:5000/db:1
    expose: ["5432"]
    environment:
      POSTGRES_PASSWORD: s3cret-canary
      POSTGRES_USER: shop
    volumes: ["data:/var/lib/postgresql/data"]
volumes:
  data:
"""
CANARY: Final = "s3cret-canary"


def a_form(content: str | bytes = SHOP, name: str = "compose.yaml", **fields: Any) -> dict[str, Any]:
    """A multipart form with a file, as a browser sends it."""
    raw = content.encode() if isinstance(content, str) else content
    return {"file": (io.BytesIO(raw), name), **fields}


def beside(files: Mapping[str, str | bytes]) -> list[tuple[io.BytesIO, str]]:
    """Further files of an upload."""
    return [
        (io.BytesIO(content.encode() if isinstance(content, str) else content), name) for name, content in files.items()
    ]


def upload(client: Any, content: str | bytes = SHOP, name: str = "compose.yaml", **fields: Any) -> Any:
    """POST /import/upload; the answer."""
    return client.post(f"{API}/import/upload", data=a_form(content, name, **fields))


def as_the_ui_sends(*analyses: Mapping[str, Any]) -> dict[str, Any]:
    """Several analyses put together in the browser: only these fields survive."""
    merged: dict[str, Any] = {
        "detectedType": ", ".join(dict.fromkeys(one["detectedType"] for one in analyses)),
        "layoutPositions": {},
    }
    for key in ("services", "warnings", "suggestedNodes", "suggestedEdges"):
        merged[key] = [entry for one in analyses for entry in one[key]]
    for one in analyses:
        merged["layoutPositions"] |= one["layoutPositions"]
    return merged


def create(client: Any, *analyses: Mapping[str, Any], name: str = "shop-workflow", **fields: Any) -> Any:
    """POST /import/create-workflow; the answer."""
    body = {"name": name, "clusterId": "prod", "analysis": as_the_ui_sends(*analyses), **fields}
    return client.post(f"{API}/import/create-workflow", json=body)


def an_import(services: Services, user_id: ObjectId, *, running: bool = False) -> ObjectId:
    """A session of an upload that is analysed, or of a URL that nobody fetches; its id."""
    if running:
        wanted = Analyze(source="github", url=f"https://github.com/ada/{ObjectId()}")
        asking = replace(services.asking, max_active=1000)
        queued: ObjectId = asking.ask(user_id, wanted)["_id"]
        return queued
    shop = checked(Part("compose.yaml", SHOP.encode()), limit_kb=1024)
    session, _ = services.import_sessions.upload(user_id, shop, namespace="", options={})
    done: ObjectId = session["_id"]
    return done
