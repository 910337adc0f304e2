"""What cannot be installed or started is said, with what to do, and the other libraries are run nevertheless."""

import os
import shutil
import socket
import sys

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
