"""The databases that suites need: from Debian's packages, on free ports, with their data under build/ecosystem.

What this machine lacks is fetched by apt-get and unpacked, not installed. As root, the servers run as an unprivileged
user. A server is ended by its process id, and its data goes with it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from glob import glob
from pathlib import Path
from typing import ClassVar, Self

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
FETCH_SECONDS_MAX = 600
UNPRIVILEGED = "nobody"


class ServerError(Exception):
    """A server cannot be had or does not start; the text says which and what to do."""


class Packages:
    """Programs of Debian packages, this machine's or unpacked under a folder of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def program(self, name: str, package: str) -> Path:
        """The path of a program; its package is fetched when there is none. Raises ServerError."""
        found = self._find(name)
        if found is None:
            self._fetch(package)
            found = self._find(name)
        if found is None:
            raise ServerError(
                f"Debian's package {package} has no program {name}: install it, so that it is on PATH"
            )
        return found

    def variables(self) -> dict[str, str]:
        """The environment in which unpacked programs find their libraries."""
        libraries = [path for path in glob(f"{self.folder}/usr/lib/*-linux-*") if os.path.isdir(path)]
        return {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}

    def beside(self, programs: dict[str, str]) -> dict[str, str]:
        """The environment of a suite that starts these programs by name, each with its package. Raises ServerError."""
        links = self.folder / "programs"
        unpacked = {
            name: self.program(name, package) for name, package in programs.items() if not shutil.which(name)
        }
        if not unpacked:
            return {}
        links.mkdir(parents=True, exist_ok=True)
        for name, program in unpacked.items():
            (links / name).unlink(missing_ok=True)
            (links / name).symlink_to(program)
        return {
            "PATH": f"{os.environ['PATH']}:{links}",
            "LD_LIBRARY_PATH": self.variables()["LD_LIBRARY_PATH"],
        }

    def _find(self, name: str) -> Path | None:
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
        # A name that several packages share is a link that only an installation makes: nc is nc.openbsd.
        for root, names in (("", [name]), (str(self.folder), [name, f"{name}.*"])):
            for place in ("usr/bin", "bin", "usr/sbin", "usr/lib/postgresql/*/bin"):
                found = [path for each in names for path in sorted(glob(f"{root}/{place}/{each}"))]
                if found:
                    return Path(found[-1])
        return None

    def _fetch(self, package: str) -> None:
        downloads = self.folder / "packages"
        downloads.mkdir(parents=True, exist_ok=True)
        apt = ["apt-get", "-q", "-o", "APT::Sandbox::User=root"]
        try:
            plan = self._run([*apt, "--simulate", "--no-install-recommends", "install", package], downloads)
            if "Inst " not in plan:
                raise ServerError(f"apt-get knows no package {package} to install: apt-get update may help")
            missing = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
            self._run([*apt, "download", *missing], downloads)
            for archive in downloads.glob("*.deb"):
                self._run(["dpkg-deb", "--extract", str(archive), str(self.folder)], downloads)
                archive.unlink()
        except FileNotFoundError as error:
            raise ServerError(
                f"{package} is not on this machine, and it has no {error.filename} to fetch it"
            ) from None

    def _run(self, command: list[str], folder: Path) -> str:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=FETCH_SECONDS_MAX,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            raise ServerError(
                f"`{' '.join(command[:6])} …` took longer than {FETCH_SECONDS_MAX} s: does the mirror answer?"
            ) from None
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise ServerError(
                f"`{' '.join(command[:6])} …` failed: {' '.join(said)}; apt-get update may help"
            )
        return done.stdout


class Server:
    """A process that listens on a port of its own until `stop`."""

    name: ClassVar[str]
    package: ClassVar[str]

    def __init__(self, packages: Packages, folder: Path) -> None:
        self.packages = packages
        self.folder = folder / self.name
        self.log = self.folder / "server.log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def variables(self) -> dict[str, str]:
        """What suites are told of it, as environment variables and in the arguments of recipes."""
        raise NotImplementedError

    def set_up(self) -> None:
        """Makes the data folder's contents, before the start."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def fill(self) -> None:
        """Makes users and databases, after the start."""

    def start(self) -> None:
        """Starts the server and waits until it answers. Raises ServerError."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, UNPRIVILEGED, _group())
        try:
            self.set_up()
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command(), **self._as_server(), stdout=log, stderr=subprocess.STDOUT
                )
            self._wait_ready()
            self.fill()
        except (OSError, subprocess.TimeoutExpired) as error:
            self.stop()
            raise self.problem(str(error)) from error
        except ServerError:
            self.stop()
            raise

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(self.stop_signal)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def problem(self, why: str) -> ServerError:
        return ServerError(
            f"{self.name} does not start on port {self.port}: {why.rstrip('.')}. Its log: {os.path.relpath(self.log)}"
        )

    def program(self, name: str) -> str:
        return str(self.packages.program(name, self.package))

    def run(self, command: list[str]) -> None:
        """Runs a program beside the server, as the same user."""
        with self.log.open("ab") as log:
            done = subprocess.run(
                command,
                **self._as_server(),
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=START_SECONDS_MAX * 2,
            )
        if done.returncode:
            raise self.problem(f"{Path(command[0]).name} ended with {done.returncode}: {self._last_line()}")

    def _as_server(self) -> dict[str, object]:
        user = {"user": UNPRIVILEGED, "group": _group(), "extra_groups": []} if os.geteuid() == 0 else {}
        return {
            **user, "cwd": self.folder, "env": self.packages.variables(), "stdin": subprocess.DEVNULL,
            "start_new_session": True,
        }  # fmt: skip

    def _last_line(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it says nothing"

    def _wait_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise self.problem(f"it ended with {self.process.returncode}: {self._last_line()}")
            if listens(self.port):
                return
            time.sleep(0.1)
        raise self.problem(f"it did not listen within {START_SECONDS_MAX} s")


class Redis(Server):
    name = "redis"
    package = "redis-server"

    def variables(self) -> dict[str, str]:
        return {"REDIS_PORT": str(self.port), "REDIS_URL": f"redis://127.0.0.1:{self.port}/0"}

    def command(self) -> list[str]:
        return [
            self.program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--dir", str(self.folder), "--enable-debug-command", "yes",
        ]  # fmt: skip


class UsualRedis(Redis):
    """Where clients look that are told nothing: some suites know no other place."""

    name = "redis-6379"

    def __init__(self, packages: Packages, folder: Path) -> None:
        super().__init__(packages, folder)
        self.port = 6379

    def start(self) -> None:
        if listens(self.port):
            raise self.problem("somebody listens there, and the suite knows no other port: stop that server")
        super().start()


class PostgreSQL(Server):
    name = "postgresql"
    package = "postgresql"
    # Ends at once, whoever is connected.
    stop_signal = signal.SIGINT

    def variables(self) -> dict[str, str]:
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "PGDATABASE": "postgres",
            "POSTGRES_URL": f"postgresql://postgres@127.0.0.1:{self.port}/postgres",
        }

    def set_up(self) -> None:
        self.run([
            self.program("initdb"), "--pgdata", str(self.folder / "data"), "--username=postgres", "--auth=trust",
            "--encoding=UTF8", "--locale=C", "--no-sync",
        ])  # fmt: skip

    def command(self) -> list[str]:
        settings = ["fsync=off", "max_connections=200", f"unix_socket_directories={self.folder}"]
        options = [word for setting in settings for word in ("-c", setting)]
        return [
            self.program("postgres"),
            "-D",
            str(self.folder / "data"),
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            *options,
        ]

    def _wait_ready(self) -> None:
        super()._wait_ready()
        ready = [self.program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + START_SECONDS_MAX
        while subprocess.run(ready, env=self.packages.variables()).returncode:
            if time.monotonic() > deadline:
                raise self.problem("it takes no connections")
            time.sleep(0.1)

    def fill(self) -> None:
        # What SQLAlchemy's suite counts on.
        address = ["-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d"]
        self.run([self.program("psql"), *address, "postgres", "-c", "CREATE DATABASE test"])
        schemas = "CREATE SCHEMA test_schema; CREATE SCHEMA test_schema_2"
        self.run([self.program("psql"), *address, "test", "-c", schemas])


class MariaDB(Server):
    name = "mariadb"
    package = "mariadb-server"
    password = "ecosystem"

    def variables(self) -> dict[str, str]:
        return {
            "MARIADB_PORT": str(self.port),
            "MARIADB_SOCKET": str(self.folder / "socket"),
            "MARIADB_USER": "tester",
            "MARIADB_PASSWORD": self.password,
            "MYSQL_URL": f"mysql://tester:{self.password}@127.0.0.1:{self.port}/test",
        }

    def set_up(self) -> None:
        # The users stand in a file that the server runs before it listens.
        users = [
            "CREATE DATABASE IF NOT EXISTS test",
            *(
                statement
                for host in ("localhost", "127.0.0.1")
                for statement in (
                    f"CREATE OR REPLACE USER tester@{host} IDENTIFIED BY '{self.password}'",
                    f"GRANT ALL ON *.* TO tester@{host} WITH GRANT OPTION",
                )
            ),
        ]
        (self.folder / "users.sql").write_text("".join(f"{each};\n" for each in users), encoding="utf-8")
        (self.folder / "users.sql").chmod(0o644)
        program = Path(self.program("mariadbd"))
        base = program.parent.parent
        self.run([
            self.program("mariadb-install-db"), "--no-defaults", f"--basedir={base}",
            f"--datadir={self.folder / 'data'}", "--auth-root-authentication-method=normal", "--skip-test-db",
        ])  # fmt: skip

    def command(self) -> list[str]:
        base = Path(self.program("mariadbd")).parent.parent
        return [
            self.program("mariadbd"), "--no-defaults", f"--basedir={base}", f"--datadir={self.folder / 'data'}",
            f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.folder / 'socket'}",
            f"--plugin-dir={base}/lib/mysql/plugin", f"--init-file={self.folder / 'users.sql'}", "--local-infile=1",
            # Its data is not worth a disk's time: suites make and drop tables all along.
            "--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
        ]  # fmt: skip


SERVERS: dict[str, type[Server]] = {each.name: each for each in (Redis, UsualRedis, PostgreSQL, MariaDB)}


class Servers:
    """Starts each server when a recipe first asks for it, and stops them all at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = Packages(folder / "debian")
        self.running: dict[str, Server | ServerError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.running.values():
            if isinstance(server, Server):
                server.stop()

    def variables(self, names: list[str]) -> dict[str, str]:
        """What suites are told of these servers. Raises ServerError, also when a server failed before."""
        found: dict[str, str] = {}
        for name in names:
            server = self.running.get(name)
            if server is None:
                server = SERVERS[name](self.packages, self.folder / "servers")
                try:
                    server.start()
                except ServerError as problem:
                    server = problem
                self.running[name] = server
            if isinstance(server, ServerError):
                raise server
            found.update(server.variables())
        return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _group() -> int:
    return pwd.getpwnam(UNPRIVILEGED).pw_gid
