"""The questions, each in a file of its own."""

from benchmarks.question import Question
from benchmarks.questions.accept import Accept
from benchmarks.questions.buffered import BufferedEcho
from benchmarks.questions.datagrams import DatagramEcho
from benchmarks.questions.growth import Growth
from benchmarks.questions.http import AiohttpServer, UvicornServer
from benchmarks.questions.latency import HalfLoad
from benchmarks.questions.names import Names
from benchmarks.questions.primitives import Primitives
from benchmarks.questions.protocol import ProtocolEcho
from benchmarks.questions.scale import Scale
from benchmarks.questions.sock import SocketEcho
from benchmarks.questions.startup import StartUp
from benchmarks.questions.streams import StreamEcho
from benchmarks.questions.subprocesses import Subprocesses
from benchmarks.questions.tls import Handshakes, TlsEcho, TlsStreamEcho
from benchmarks.questions.unix import UnixEcho
from benchmarks.questions.websockets import WebSocketEcho

QUESTIONS: dict[str, Question] = {
    question.name: question
    # Those that the bars are about come first: they are kept when a run is stopped before its end.
    for question in (
        ProtocolEcho(),
        BufferedEcho(),
        StreamEcho(),
        SocketEcho(),
        UnixEcho(),
        DatagramEcho(),
        TlsEcho(),
        TlsStreamEcho(),
        Handshakes(),
        UvicornServer(),
        AiohttpServer(),
        HalfLoad(),
        Primitives(),
        Scale(),
        Growth(),
        StartUp(),
        WebSocketEcho(),
        Accept(),
        Names(),
        Subprocesses(),
    )
}
