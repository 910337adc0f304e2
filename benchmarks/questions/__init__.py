"""The questions, each in a file of its own."""

from benchmarks.question import Question
from benchmarks.questions.datagrams import DatagramEcho
from benchmarks.questions.primitives import Primitives
from benchmarks.questions.protocol import ProtocolEcho
from benchmarks.questions.scale import Scale
from benchmarks.questions.sock import SocketEcho
from benchmarks.questions.startup import StartUp
from benchmarks.questions.streams import StreamEcho
from benchmarks.questions.subprocesses import Subprocesses
from benchmarks.questions.unix import UnixEcho

QUESTIONS: dict[str, Question] = {
    question.name: question
    for question in (
        ProtocolEcho(),
        StreamEcho(),
        SocketEcho(),
        UnixEcho(),
        DatagramEcho(),
        Primitives(),
        Scale(),
        StartUp(),
        Subprocesses(),
    )
}
