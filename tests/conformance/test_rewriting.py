"""What changes in a test module's source, and what stays."""

import ast
import sys
import textwrap
import types

import pytest

from conformance.rewriting import GENERATOR_OF, generator_of, rewrite


def rewritten(module, source):
    return ast.unparse(rewrite(textwrap.dedent(source), module))


def test_classes_that_are_left_out_go_wherever_they_stand():
    source = """
        class PyFutureTests: pass
        class CFutureTests: pass
        if True:
            class PyFutureDoneCallbackTests: pass
        try:
            class PyFutureInheritanceTests: pass
            kept = 1
        finally:
            pass
    """
    expected = """
        class CFutureTests: pass
        if True:
            pass
        try:
            kept = 1
        finally:
            pass
    """
    assert rewritten("test_futures", source) == ast.unparse(ast.parse(textwrap.dedent(expected)))


def test_variants_of_test_subprocess_stay_in_the_source_because_it_refers_to_them():
    source = "class SubprocessSafeWatcherTests: pass"
    assert "SubprocessSafeWatcherTests" in rewritten("test_subprocess", source)
    assert rewritten("test_subprocess", "class SubprocessTransportTests: pass") == ""


@pytest.mark.parametrize("name", ["base_events.BaseEventLoop", "asyncio.BaseEventLoop"])
def test_a_bare_loop_becomes_the_loop_under_test_where_tests_make_one(name):
    assert rewritten("test_base_events", f"{name}()") == "CONFORMANCE_LOOP_CLASS()"
    assert rewritten("test_locks", f"{name}()") == f"{name}()"


def test_the_logger_of_a_private_module_becomes_the_one_everyone_writes_to():
    source = "patch('asyncio.base_events.logger.error')\npatch('asyncio.selector_events.logger')"
    expected = "patch('conformance_logger_hook.logger.error')\npatch('conformance_logger_hook.logger')"
    assert rewritten("test_events", source) == expected


@pytest.mark.parametrize("name", ["asyncio.base_events.socket", "asyncio.base_events.loggers", "logger"])
def test_other_texts_stay(name):
    assert rewritten("test_events", f"patch('{name}')") == f"patch('{name}')"


def test_stand_ins_for_a_selector_keep_away_from_the_loops_own():
    assert rewritten("test_base_events", "loop._selector = mock") == "loop.conformance_selector = mock"
    assert rewritten("test_events", "loop._selector = mock") == "loop._selector = mock"


def test_the_end_of_a_text_is_spelled_as_every_python_knows_it():
    assert rewritten("test_locks", r"""pattern = r'\[a\]>\z'""") == r"""pattern = '\\[a\\]>\\Z'"""


@pytest.mark.skipif(
    hasattr(types.FrameType, "f_generator"), reason="this Python's frames know their generators"
)
def test_frames_are_asked_for_their_generator_by_a_function():
    assert rewritten("test_graph", "name = entry.frame.f_generator.cr_code") == (
        f"name = {GENERATOR_OF}(entry.frame).cr_code"
    )


def test_what_a_frame_belongs_to_is_told_by_its_code():
    async def coroutine():
        return generator_of(sys._getframe())

    async def asynchronous_generator():
        yield generator_of(sys._getframe())

    def outcome(step):
        with pytest.raises(StopIteration) as ended:
            step.send(None)
        return ended.value.value

    assert outcome(coroutine()).cr_code is coroutine.__code__
    assert outcome(asynchronous_generator().asend(None)).ag_code is asynchronous_generator.__code__
    assert generator_of(sys._getframe()) is None
