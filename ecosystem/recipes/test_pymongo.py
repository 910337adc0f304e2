"""PyMongo's asynchronous client, and Motor, against a server that speaks MongoDB's protocol and keeps documents."""

import asyncio
import contextlib
import threading

import pymongo
import pytest
from ecosystem_programs import LOOP_MODULE
from mockupdb import MockupDB
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import DuplicateKeyError, NetworkTimeout, ServerSelectionTimeoutError

CLIENTS = [pymongo.AsyncMongoClient, AsyncIOMotorClient]
BATCH = 10


class Documents:
    """The answers of the server, made in its threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.stored = {}
        self.open = {}
        # How many commands were left without an answer.
        self.ignored = threading.Semaphore(0)

    def answer(self, request):
        if request.command_name == "count":
            self.ignored.release()
            return True
        command = getattr(self, request.command_name.lower(), None)
        if command is None:
            return False
        with self.lock:
            request.ok(command(request))
        return True

    def insert(self, request):
        errors = []
        for number, document in enumerate(request["documents"]):
            if document["_id"] in self.stored:
                errors.append({"index": number, "code": 11000, "errmsg": "it is there already"})
            else:
                self.stored[document["_id"]] = document
        return {"n": len(request["documents"]) - len(errors), **({"writeErrors": errors} if errors else {})}

    def find(self, request):
        wanted = request["filter"].items()
        found = [each for each in self.stored.values() if wanted <= each.items()]
        name = f"{request['$db']}.{request['find']}"
        cursor = len(self.open) + 1 if len(found) > BATCH else 0
        self.open[cursor] = (name, found[BATCH:])
        return {"cursor": {"id": cursor, "ns": name, "firstBatch": found[:BATCH]}}

    def getmore(self, request):
        name, rest = self.open.pop(request["getMore"])
        cursor = request["getMore"] if len(rest) > BATCH else 0
        self.open[request["getMore"]] = (name, rest[BATCH:])
        return {"cursor": {"id": cursor, "ns": name, "nextBatch": rest[:BATCH]}}

    def delete(self, request):
        (deletion,) = request["deletes"]
        return {"n": int(self.stored.pop(deletion["q"]["_id"], None) is not None)}


@contextlib.contextmanager
def server():
    hello = {"ismaster": True, "helloOk": True, "minWireVersion": 0, "maxWireVersion": 21}
    mongo = MockupDB(auto_ismaster=hello)
    mongo.documents = Documents()
    mongo.autoresponds(mongo.documents.answer)
    mongo.run()
    try:
        yield mongo
    finally:
        mongo.stop()


@contextlib.asynccontextmanager
async def connected(kind, uri, **options):
    client = kind(uri, serverSelectionTimeoutMS=20_000, **options)
    try:
        yield client.test.things
    finally:
        closing = client.close()
        if closing is not None:
            await closing


@pytest.mark.parametrize("kind", CLIENTS)
def test_documents_go_there_and_come_back_in_batches(kind):
    async def main(uri):
        assert type(asyncio.get_running_loop()).__module__.startswith(LOOP_MODULE)
        async with connected(kind, uri) as things:
            documents = [{"_id": number, "parity": number % 2, "text": "ü" * number} for number in range(100)]
            assert (await things.insert_many(documents)).inserted_ids == list(range(100))
            assert [each async for each in things.find({"parity": 1})] == documents[1::2]
            assert await things.find_one({"_id": 50}) == documents[50]
            assert (await things.delete_one({"_id": 50})).deleted_count == 1
            assert await things.find_one({"_id": 50}) is None
            with pytest.raises(DuplicateKeyError, match="it is there already"):
                await things.insert_one({"_id": 7})

    with server() as mongo:
        asyncio.run(main(mongo.uri))


@pytest.mark.parametrize("kind", CLIENTS)
def test_many_tasks_share_a_pool_of_few_connections(kind):
    async def main(uri):
        async with connected(kind, uri, maxPoolSize=5) as things:
            payload = bytes(100_000)
            await asyncio.gather(*(things.insert_one({"_id": n, "payload": payload}) for n in range(60)))
            found = await asyncio.gather(*(things.find_one({"_id": n}) for n in range(60)))
            assert [each["_id"] for each in found] == list(range(60))
            assert all(each["payload"] == payload for each in found)

    with server() as mongo:
        asyncio.run(main(mongo.uri))


@pytest.mark.parametrize("kind", CLIENTS)
def test_a_server_that_is_silent_or_gone_is_an_error_and_cancelling_leaves_the_client_usable(kind):
    async def main(mongo):
        async with connected(kind, mongo.uri, socketTimeoutMS=300, retryReads=False) as things:

            async def count():
                return await things.database.command("count", "things")

            await things.insert_one({"_id": 1})
            with pytest.raises(NetworkTimeout):
                await count()
            mongo.documents.ignored.acquire()
            waiting = asyncio.create_task(count())
            await asyncio.to_thread(mongo.documents.ignored.acquire)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert await things.find_one({"_id": 1}) == {"_id": 1}
        gone = kind("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=200)
        with pytest.raises(ServerSelectionTimeoutError, match="Errno 111"):
            await gone.test.things.find_one()
        closing = gone.close()
        if closing is not None:
            await closing

    with server() as mongo:
        asyncio.run(main(mongo))
