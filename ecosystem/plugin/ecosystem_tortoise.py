"""The fixtures of Tortoise ORM's tests, which its source distribution leaves out: a new database for each test."""

import os

import pytest_asyncio
from tortoise.context import tortoise_test_context

MODELS = ["tests.testmodels"]


async def new_database():
    url = os.environ["TORTOISE_TEST_DB"]
    async with tortoise_test_context(MODELS, url, connection_label="models") as context:
        yield context


# They differ in what a test leaves behind; here none leaves anything.
db, db_simple, db_truncate, db_isolated = (
    pytest_asyncio.fixture(new_database, name=name)
    for name in ("db", "db_simple", "db_truncate", "db_isolated")
)
