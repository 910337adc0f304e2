"""Arguments that nothing takes are refused in the standard library's own words."""

import asyncio

import pytest
from tests.sync.conftest import OURS

CASES = {
    "Lock": [((), {"loop": None}), ((1,), {})],
    "Event": [((), {"loop": None}), ((1,), {})],
    "Condition": [((), {"loop": None}), ((None, 1), {})],
    "Semaphore": [((), {"loop": None}), ((1, 2), {})],
    "BoundedSemaphore": [((), {"loop": None}), ((1, 2), {})],
    "Barrier": [((1,), {"loop": None}), ((), {}), ((1, 2), {})],
    "Queue": [((), {"loop": None}), ((1, 2), {})],
    "LifoQueue": [((), {"loop": None})],
    "PriorityQueue": [((), {"loop": None})],
}


@pytest.mark.parametrize(
    ("name", "arguments", "keywords"), [(name, *case) for name, cases in CASES.items() for case in cases]
)
def test_arguments_that_nothing_takes_are_refused(name, arguments, keywords):
    with pytest.raises(TypeError) as refused:
        OURS[name](*arguments, **keywords)
    with pytest.raises(TypeError) as reference:
        getattr(asyncio, name)(*arguments, **keywords)
    assert str(refused.value) == str(reference.value)
