"""The API with signed-in people, for every integration test."""

from tests.api import admin, anonymous, api, app, person, services

__all__ = ["admin", "anonymous", "api", "app", "person", "services"]  # fixtures
