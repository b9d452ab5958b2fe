"""The API with signed-in people, on the real clock: these tests are about what somebody can do in a second."""

from tests.api import admin, anonymous, api, app, person, services

__all__ = ["admin", "anonymous", "api", "app", "person", "services"]  # fixtures
