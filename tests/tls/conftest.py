"""Certificates, made when the tests run and valid for a day, and contexts that use them."""

from __future__ import annotations

import ssl
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from pathlib import Path


class Certificate(NamedTuple):
    """A key and its certificate, signed by `authority`, which is a certificate itself."""

    authority: Path
    certificate: Path
    key: Path

    def server_context(self, **limits: ssl.TLSVersion) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        for name, version in limits.items():
            setattr(context, name, version)
        return context

    def client_context(self, **limits: ssl.TLSVersion) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority))
        for name, version in limits.items():
            setattr(context, name, version)
        return context


def openssl(*words: str | Path) -> None:
    """Run the `openssl` program; what it prints shows when it fails."""
    done = subprocess.run(
        ["openssl", *map(str, words)], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr


def make_authority(folder: Path, name: str) -> tuple[Path, Path]:
    """The certificate and the key of an authority."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"),
        *("-subj", f"/CN={name}", "-keyout", key, "-out", certificate),
        *("-addext", "keyUsage=critical,keyCertSign", "-addext", "basicConstraints=critical,CA:TRUE"),
    )
    return certificate, key


def make_certificate(folder: Path, authority: tuple[Path, Path], name: str, addresses: str) -> Certificate:
    """A certificate for `addresses`, as OpenSSL writes them, signed by the authority."""
    request, certificate, key = (folder / f"{name}.{kind}" for kind in ("csr", "pem", "key"))
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={addresses}\n")
    openssl(
        *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-subj", f"/CN={name}", "-keyout", key, "-out", request),
    )
    openssl(
        *("x509", "-req", "-in", request, "-CA", authority[0], "-CAkey", authority[1], "-CAcreateserial"),
        *("-days", "1", "-extfile", extensions, "-out", certificate),
    )
    return Certificate(authority[0], certificate, key)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory, authority: tuple[Path, Path]) -> Certificate:
    """A server's, for localhost and 127.0.0.1."""
    folder = tmp_path_factory.mktemp("server")
    return make_certificate(folder, authority, "server", "DNS:localhost,IP:127.0.0.1")


@pytest.fixture(scope="session")
def other_certificate(tmp_path_factory: pytest.TempPathFactory, authority: tuple[Path, Path]) -> Certificate:
    """A server's, for other.test."""
    return make_certificate(tmp_path_factory.mktemp("other"), authority, "other", "DNS:other.test")


@pytest.fixture(scope="session")
def client_certificate(tmp_path_factory: pytest.TempPathFactory, authority: tuple[Path, Path]) -> Certificate:
    """A client's."""
    return make_certificate(tmp_path_factory.mktemp("client"), authority, "client", "DNS:client.test")


@pytest.fixture(scope="session")
def foreign_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For localhost, from an authority that nobody trusts."""
    folder = tmp_path_factory.mktemp("foreign")
    return make_certificate(folder, make_authority(folder, "nobody"), "foreign", "DNS:localhost")


@pytest.fixture
def server_context(certificate: Certificate) -> ssl.SSLContext:
    return certificate.server_context()


@pytest.fixture
def client_context(certificate: Certificate) -> ssl.SSLContext:
    return certificate.client_context()
