"""What cannot be installed or started is said, with what to do, and the other libraries are run nevertheless."""

import io
import os
import shutil
import socket
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ecosystem.command import main
from ecosystem.environment import Environment, PreparationError, sdist_url
from ecosystem.recipe import Recipe
from ecosystem.servers import SERVERS, Packages, Redis, ServerError, Servers, UsualRedis


def environment(folder, **changes):
    recipe = Recipe("thing", "Web", ["no-such-library==1.0"], **changes)
    wheel = folder / "ouroloop.whl"
    wheel.touch()
    return Environment(recipe, folder, wheel)


def test_a_library_that_cannot_be_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(PreparationError) as refused:
        environment(tmp_path).prepare()
    version = ".".join(map(str, sys.version_info[:3]))
    assert str(refused.value).startswith(f"cannot be installed on Python {version}: ")
    assert "no-such-library==1.0" in str(refused.value)
    assert "ecosystem/recipes/thing.toml" in str(refused.value)


def test_an_index_that_does_not_answer(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{taken.getsockname()[1]}/simple")
        with pytest.raises(PreparationError, match="the package index does not answer at http"):
            sdist_url("thing", "1.0")


@pytest.fixture
def index(monkeypatch):
    """A package index on this machine that answers each path with the bytes that stand in a dictionary."""
    files = {}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            body, length = files[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        yield files
        server.shutdown()
        thread.join()


def archive(*names):
    """A source distribution with these files."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(f"no-such-library-1.0/{name}"))
    return written.getvalue()


def unpacked(folder, files, body, length=None):
    link = b'<a href="/no-such-library-1.0.tar.gz">it</a>'
    files["/simple/no-such-library/"] = link, len(link)
    files["/no-such-library-1.0.tar.gz"] = body, len(body) if length is None else length
    made = environment(folder, unpack=["tests/"], tests=["tests"])
    made.suite.mkdir(parents=True)
    made._unpack()
    return made.suite


def test_of_a_source_distribution_only_what_is_asked_for_is_unpacked(tmp_path, index):
    suite = unpacked(tmp_path, index, archive("tests/test_a.py", "no_such_library/__init__.py"))
    assert [str(file.relative_to(suite)) for file in suite.rglob("*.py")] == ["tests/test_a.py"]


@pytest.mark.parametrize(
    ("body", "length", "complaint"),
    [
        (b"<html>try later</html>", None, "is no source distribution, or not whole: "),
        (archive("tests/test_a.py")[:-20], None, "is no source distribution, or not whole: "),
        (archive("setup.py"), None, "the source distribution has no tests"),
    ],
)
def test_a_source_distribution_that_is_none(tmp_path, index, body, length, complaint):
    with pytest.raises(PreparationError, match=complaint):
        unpacked(tmp_path, index, body, length)


def test_a_source_distribution_that_breaks_off(tmp_path, index):
    body = archive("tests/test_a.py")
    with pytest.raises(PreparationError, match=r"no source distribution, or not whole|does not arrive from"):
        unpacked(tmp_path, index, body[:-20], len(body))


def test_a_mirror_that_never_answers(tmp_path, monkeypatch):
    monkeypatch.setattr("ecosystem.servers.FETCH_SECONDS_MAX", 0.2)
    with pytest.raises(ServerError, match=r"`sleep 60 …` took longer than 0.2 s"):
        Packages(tmp_path)._run(["sleep", "60"], tmp_path)


def test_a_server_whose_package_nobody_has(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        ServerError, match=r"no-such-package is not on this machine, and it has no apt-get to fetch it"
    ):
        Packages(tmp_path).program("no-such-program", "no-such-package")


def test_a_program_under_another_name_than_its_package_gives_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    packages = Packages(tmp_path)
    unpacked = tmp_path / "bin" / "no-such-program.debian"
    unpacked.parent.mkdir()
    unpacked.write_text("#!/bin/sh\n")
    unpacked.chmod(0o755)
    path = packages.beside({"no-such-program": "no-such-package"})["PATH"]
    found = shutil.which("no-such-program", path=path)
    assert found is not None
    assert os.path.realpath(found) == str(unpacked)


def test_programs_of_this_machine_change_nothing(tmp_path):
    assert Packages(tmp_path).beside({"sh": "dash"}) == {}


class Deaf(Redis):
    """A server that ends at once."""

    name = "deaf"

    def command(self):
        return ["/bin/sh", "-c", "echo Address already in use; exit 1"]


def test_a_server_that_does_not_start_says_why_each_time(tmp_path, monkeypatch):
    monkeypatch.setitem(SERVERS, "deaf", Deaf)
    opened_up(tmp_path)
    with Servers(tmp_path) as servers:
        for _ in range(2):
            with pytest.raises(ServerError, match=r"deaf does not start on port .*: Address already in use"):
                servers.variables(["deaf"])


class Slow(Redis):
    """A server whose data is never made."""

    name = "slow"

    def set_up(self):
        self.run(["/bin/sleep", "60"])


def test_a_server_whose_data_takes_for_ever(tmp_path, monkeypatch):
    monkeypatch.setitem(SERVERS, "slow", Slow)
    monkeypatch.setattr("ecosystem.servers.START_SECONDS_MAX", 0.1)
    opened_up(tmp_path)
    with Servers(tmp_path) as servers, pytest.raises(ServerError, match=r"slow does not start .* timed out"):
        servers.variables(["slow"])


def test_a_port_that_is_taken_is_told_where_the_suite_knows_no_other(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, Servers(tmp_path) as servers:
        usual = UsualRedis(servers.packages, tmp_path)
        usual.port = taken.getsockname()[1]
        with pytest.raises(
            ServerError, match=r"redis-6379 does not start on port \d+: somebody listens there"
        ):
            usual.start()


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server on PATH")
def test_a_server_listens_until_it_is_stopped(tmp_path):
    opened_up(tmp_path)
    with Servers(tmp_path) as servers:
        port = int(servers.variables(["redis"])["REDIS_PORT"])
        assert servers.variables(["redis"])["REDIS_PORT"] == str(port)
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"PING\r\n")
            assert client.recv(100) == b"+PONG\r\n"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def opened_up(folder):
    """As root, servers run as somebody else, who must get into pytest's folder."""
    if os.geteuid() == 0:
        for each in (folder, *folder.parents):
            if str(each).startswith("/tmp/"):
                each.chmod(0o755)


def test_questions_that_cannot_be_asked(capsys, tmp_path):
    wheel = tmp_path / "ouroloop.whl"
    wheel.touch()
    assert main(["--wheel", str(wheel), "no-such-library"]) == 2
    assert "no recipe for 'no-such-library'; there are: " in capsys.readouterr().err
    for arguments, complaint in [
        (["--wheel", str(tmp_path / "none")], "`make ecosystem` builds it"),
        (["--wheel", str(wheel), "--loops", "ouroloop"], "--loops needs asyncio and ouroloop, to compare"),
    ]:
        with pytest.raises(SystemExit):
            main(arguments)
        assert complaint in capsys.readouterr().err
