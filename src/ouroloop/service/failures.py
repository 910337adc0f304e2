"""What happens to an exception that nobody awaits: the exception handler, the user's or the default one.

Every such exception reaches the handler once. A handler that fails itself is reported by the default one, and a default
one that fails by the log, so nothing is lost.
"""

from __future__ import annotations

import logging
import reprlib
import sys
from typing import TYPE_CHECKING, Any

from ouroloop.loop.describe import describe_stack

if TYPE_CHECKING:
    from ouroloop.service.event_loop import EventLoop

logger = logging.getLogger("asyncio")


def report(loop: EventLoop, context: dict[str, Any]) -> None:
    """Gives `context` to the loop's exception handler; `asyncio.loop.call_exception_handler`."""
    handler = loop.get_exception_handler()
    if handler is None:
        _report_by_default(loop, context)
        return
    try:
        user_context = _context_of(context)
        if user_context is not None:
            user_context.run(handler, loop, context)
        else:
            handler(loop, context)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        failure = {"message": "Unhandled error in exception handler", "exception": error, "context": context}
        try:
            loop.default_exception_handler(failure)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            logger.error(
                "Exception in default exception handler while handling an unexpected error in custom exception handler",
                exc_info=True,
            )


def _report_by_default(loop: EventLoop, context: dict[str, Any]) -> None:
    try:
        loop.default_exception_handler(context)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException:
        logger.error("Exception in default exception handler", exc_info=True)


def _context_of(context: dict[str, Any]) -> Any:
    """The contextvars.Context of whatever failed, so that the handler sees its variables."""
    source = context.get("task") or context.get("future") or context.get("handle")
    get_context = getattr(source, "get_context", None)
    user_context = get_context() if get_context is not None else None
    return user_context if hasattr(user_context, "run") else None


def log(loop: EventLoop, context: dict[str, Any]) -> None:
    """Logs `context` at level error; `asyncio.loop.default_exception_handler`."""
    message = context.get("message") or "Unhandled exception in event loop"
    handle = loop._current_handle
    if "source_traceback" not in context and handle is not None and handle._source_traceback:
        context["handle_traceback"] = handle._source_traceback
    lines = [message]
    for key in sorted(context):
        if key in ("message", "exception"):
            continue
        value = context[key]
        if key == "source_traceback":
            lines.append(f"{key}: Object created at (most recent call last):\n{describe_stack(value)}")
        elif key == "handle_traceback":
            lines.append(f"{key}: Handle created at (most recent call last):\n{describe_stack(value)}")
        else:
            try:
                lines.append(f"{key}: {value!r}")
            except Exception as failure:
                lines.append(f"{key}: <{type(value).__name__}, whose repr failed: {reprlib.repr(failure)}>")
    error = context.get("exception")
    if sys.is_finalizing():
        # Logging would fail to import what it needs, and print that instead of the message.
        if sys.stderr is not None:
            print("\n".join(lines), *([repr(error)] if error is not None else []), sep="\n", file=sys.stderr)
        return
    logger.error(
        "\n".join(lines), exc_info=(type(error), error, error.__traceback__) if error is not None else False
    )
