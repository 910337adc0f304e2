"""Answers by Django's ASGI handler under uvicorn: a view that awaits, with middleware."""

import asyncio
import sys

import django
import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import JsonResponse
from django.urls import path

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="load",
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
)
django.setup()


async def answer(request):
    await asyncio.sleep(0)
    return JsonResponse({"path": request.path, "numbers": list(range(50))})


urlpatterns = [path("", answer)]

if __name__ == "__main__":
    uvicorn.run(
        get_asgi_application(),
        port=int(sys.argv[1]),
        loop="ouroloop:new_event_loop",
        lifespan="off",
        access_log=False,
        log_level="error",
    )
