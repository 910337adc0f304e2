"""Draws the steps of a recording, a picture each: the program on the left, the loop and its tasks on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from recording import Step

LINE_HEIGHT = 22
TASK_HEIGHT = 54
CODE_LEFT, CODE_WIDTH = 20, 470
SIDE_LEFT, SIDE_WIDTH = 510, 370
WIDTH = 900
CHARACTER_WIDTH = 8.1
COLOURS = {"ready": "#d9480f", "waiting": "#1864ab", "done": "#5c7080"}
INK, PALE, RAN = "#1f2933", "#7b8794", "#fff3bf"
MONO = "ui-monospace, 'DejaVu Sans Mono', monospace"
SANS = "system-ui, 'DejaVu Sans', sans-serif"


class Picture:
    """An SVG document that grows downwards."""

    def __init__(self, height: float, description: str) -> None:
        self.root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {WIDTH} {height:g}",
                "width": str(WIDTH),
                "role": "img",
            },
        )
        ElementTree.SubElement(self.root, "title").text = description
        self.box(0.5, 0.5, WIDTH - 1, height - 1, "#ffffff", "#d0d7de")

    def box(self, x: float, y: float, width: float, height: float, fill: str, line: str = "none") -> None:
        size = {"x": x, "y": y, "width": width, "height": height, "rx": 6}
        attributes = {name: f"{value:g}" for name, value in size.items()}
        ElementTree.SubElement(self.root, "rect", {**attributes, "fill": fill, "stroke": line})

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        colour: str = INK,
        font: str = SANS,
        size: int = 14,
        bold: bool = False,
    ) -> None:
        attributes = {
            "x": f"{x:g}",
            "y": f"{y:g}",
            "fill": colour,
            "font-family": font,
            "font-size": str(size),
        }
        if bold:
            attributes["font-weight"] = "bold"
        element = ElementTree.SubElement(self.root, "text", {**attributes, "xml:space": "preserve"})
        element.text = text

    def __str__(self) -> str:
        ElementTree.indent(self.root)
        return ElementTree.tostring(self.root, encoding="unicode") + "\n"


def draw(step: Step, number: int, source: list[str]) -> str:
    """The picture of a step, as SVG."""
    output = step.output.splitlines()
    shown = lines_shown(source)
    code_bottom = 52 + LINE_HEIGHT * len(shown)
    side_bottom = 52 + 62 + (TASK_HEIGHT + 10) * len(step.tasks) + 40 + LINE_HEIGHT * len(output)
    picture = Picture(max(code_bottom, side_bottom) + 14, f"Step {number}: {step.title}")
    picture.text(CODE_LEFT, 30, f"{number}. {step.title}", size=17, bold=True)
    if step.was_idle:
        picture.text(SIDE_LEFT, 30, "before: nothing was ready, the loop slept", colour=PALE, size=13)
    draw_code(picture, step, shown)
    draw_side(picture, step, output)
    return str(picture)


def lines_shown(source: list[str]) -> list[tuple[int, str]]:
    """The lines between the imports and the start, with their numbers, and no blank line after a blank line."""
    first = next(number for number, line in enumerate(source, 1) if line.startswith("async def"))
    lines = [(number, line) for number, line in enumerate(source[:-1], 1) if number >= first]
    while not lines[-1][1]:
        lines.pop()
    return [(number, line) for number, line in lines if line or source[number - 2]]


def draw_code(picture: Picture, step: Step, shown: list[tuple[int, str]]) -> None:
    stands = {line: task for task in step.tasks for line in task.lines}
    for index, (number, line) in enumerate(shown):
        y = 62 + LINE_HEIGHT * index
        if number in step.lines:
            picture.box(CODE_LEFT - 6, y - 16, CODE_WIDTH, LINE_HEIGHT, RAN)
        picture.text(CODE_LEFT, y, line, font=MONO, size=13)
        if number in stands:
            x = CODE_LEFT + CHARACTER_WIDTH * len(line) + 12
            task = stands[number]
            picture.text(x, y, f"◂ {task.name} stands here", colour=COLOURS[task.state], size=12)


def draw_side(picture: Picture, step: Step, output: list[str]) -> None:
    y = 46.0
    picture.box(SIDE_LEFT, y, SIDE_WIDTH, 52, "#f6f8fa", "#d0d7de")
    picture.text(SIDE_LEFT + 12, y + 21, "the loop's ready queue", colour=PALE, size=13)
    queue = "   ".join(step.ready) or "empty"
    picture.text(
        SIDE_LEFT + 12, y + 42, queue, colour=COLOURS["ready"] if step.ready else PALE, bold=bool(step.ready)
    )
    y += 62
    for task in step.tasks:
        picture.box(SIDE_LEFT, y, SIDE_WIDTH, TASK_HEIGHT, "#ffffff", COLOURS[task.state])
        picture.text(SIDE_LEFT + 12, y + 21, f"task {task.name}", bold=True)
        picture.text(SIDE_LEFT + SIDE_WIDTH - 76, y + 21, task.state, colour=COLOURS[task.state], bold=True)
        picture.text(SIDE_LEFT + 12, y + 42, task.text, size=13)
        y += TASK_HEIGHT + 10
    if output:
        picture.text(SIDE_LEFT, y + 20, "printed so far", colour=PALE, size=13)
    for index, line in enumerate(output):
        picture.text(SIDE_LEFT, y + 42 + LINE_HEIGHT * index, line, font=MONO, size=13)
