"""Django on ASGI under uvicorn: async views, the ORM from coroutines, a streamed answer, many requests at once."""

import asyncio
import signal
import textwrap

import httpx
import pytest
from ecosystem_programs import LOOP, LOOP_MODULE, free_port, serving

FACTORY = {"asyncio": "asyncio", "uvloop": "uvloop", "ouroloop": "ouroloop:new_event_loop"}[LOOP]
SOURCE = textwrap.dedent(
    """
    import asyncio
    import os

    import django
    from django.conf import settings

    settings.configure(
        ROOT_URLCONF="served", ALLOWED_HOSTS=["*"], SECRET_KEY="tests", USE_TZ=True,
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "notes.sqlite3", "OPTIONS": {"timeout": 60}}
        },
        INSTALLED_APPS=["django.contrib.sessions"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    )
    django.setup()

    from django.contrib.sessions.models import Session
    from django.core.asgi import get_asgi_application
    from django.core.management import call_command
    from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
    from django.urls import path
    from django.utils import timezone

    call_command("migrate", verbosity=0)

    async def loop(request):
        return HttpResponse(type(asyncio.get_running_loop()).__module__)

    async def add(request, key):
        made = await Session.objects.acreate(session_key=key, session_data="note", expire_date=timezone.now())
        found = await Session.objects.aget(pk=made.pk)
        return JsonResponse({"key": found.session_key, "count": await Session.objects.filter(pk=key).acount()})

    async def keys(request):
        return JsonResponse({"keys": [each.session_key async for each in Session.objects.order_by("session_key")]})

    async def visits(request):
        visits = await request.session.aget("visits", 0) + 1
        await request.session.aset("visits", visits)
        return HttpResponse(str(visits))

    def plain(request):
        return HttpResponse(str(Session.objects.count()))

    async def stream(request):
        async def pieces():
            for number in range(50):
                await asyncio.sleep(0)
                yield f"{number:04}" * 500
        return StreamingHttpResponse(pieces())

    urlpatterns = [
        path("", loop), path("add/<key>", add), path("keys", keys), path("visits", visits), path("plain", plain),
        path("stream", stream),
    ]
    app = get_asgi_application()
    """
)


@pytest.fixture
def program(tmp_path):
    port = free_port()
    options = ["--port", str(port), "--loop", FACTORY, "--lifespan", "off"]
    with serving(tmp_path, port, "-m", "uvicorn", "served:app", *options, source=SOURCE) as program:
        yield program
        assert program.stop(signal.SIGTERM) in (0, -signal.SIGTERM)
        assert "Traceback" not in program.printed(), program.printed()


def test_views_and_orm(program):
    async def main():
        async with httpx.AsyncClient(base_url=program.address, timeout=60) as client:
            assert (await client.get("/")).text.startswith(LOOP_MODULE)
            names = [f"note{number:03}" for number in range(60)]
            answers = await asyncio.gather(*(client.get(f"/add/{name}") for name in names))
            assert [answer.json() for answer in answers] == [{"key": name, "count": 1} for name in names]
            assert (await client.get("/keys")).json() == {"keys": names}
            assert (await client.get("/plain")).text == "60"
            assert [(await client.get("/visits")).text for _ in range(3)] == ["1", "2", "3"]
            assert (await client.get("/stream")).text == "".join(f"{number:04}" * 500 for number in range(50))

    asyncio.run(main())
