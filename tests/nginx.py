"""nginx before a server as deploy/nginx.conf.example has it; only ports and paths are the tests' own."""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.serving import free_port

EXAMPLE = Path(__file__).parent.parent / "deploy" / "nginx.conf.example"
STARTS_WITHIN_S = 10
# What the system's own nginx.conf says around the example.
AROUND = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/pult.conf;
}}
"""


def program() -> str | None:
    """nginx, which Debian keeps out of the way of those who are not root."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Nginx:
    """Ends TLS on `port`, sends plain http there from `http_port`, and passes everything on to `upstream`."""

    def __init__(self, folder: Path, upstream: int) -> None:
        folder.mkdir()
        self.port, self.http_port = free_port(), free_port()
        self.url = f"https://localhost:{self.port}"
        self.certificate = folder / "fullchain.pem"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        _certify(self.certificate, folder / "privkey.pem")
        user = "user root;" if os.geteuid() == 0 else ""  # the folders of tests are closed to all others
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
        (folder / "pult.conf").write_text(self._example(upstream))

    def _example(self, upstream: int) -> str:
        text = EXAMPLE.read_text()
        other = "listen [::1]:" if _has_ipv6() else "# listen [::1]:"
        for theirs, ours in {
            "server 127.0.0.1:8000 ": f"server 127.0.0.1:{upstream} ",
            "listen 80;": f"listen 127.0.0.1:{self.http_port};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "listen [::]:80;": f"{other}{self.http_port};",
            "listen [::]:443 ssl;": f"{other}{self.port} ssl;",
            "/etc/letsencrypt/live/pult.example/": f"{self._folder}/",
        }.items():
            assert theirs in text, f"the example no longer says {theirs!r}"
            text = text.replace(theirs, ours)
        return text

    def check(self) -> tuple[int, str]:
        """What `nginx -t` returns and says."""
        done = subprocess.run([*self._command(), "-t"], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    def _command(self) -> list[str]:
        return [program() or "nginx", "-e", f"{self._folder}/error.log", "-c", f"{self._folder}/nginx.conf"]

    def __enter__(self) -> Nginx:
        self._process = subprocess.Popen(self._command())
        until = time.monotonic() + STARTS_WITHIN_S
        while not _listens(self.port):
            assert self._process.poll() is None, (self._folder / "error.log").read_text()
            assert time.monotonic() < until, "nginx does not listen"
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(STARTS_WITHIN_S)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _certify(certificate: Path, key_file: Path) -> None:
    """A certificate for this machine, signed by itself, good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
