"""A certificate authority of the tests' own, by way of the openssl program."""

import pathlib
import shutil
import subprocess


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30, **options)


class Authority:
    def __init__(self, directory, name="Test authority"):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = self.directory / "ca.pem", self.directory / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def issue(self, name, *alternatives):
        """The files of a new certificate for this common name and its key."""
        stem = self.directory / f"{name}-{len(list(self.directory.iterdir()))}"
        certificate, key, request, extensions = (stem.with_suffix(s) for s in (".pem", ".key", ".csr", ".ext"))
        extensions.write_text("subjectAltName=" + ",".join(alternatives or (f"DNS:{name}",)))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", "2",
                "-sha256", "-extfile", extensions, "-out", certificate)
        return certificate, key


def secure(cluster, certificate, key, ca=None):
    """Gives a server that is not started yet this certificate, and ssl = on; with `ca` it asks for those of clients."""
    for name, source in (("server.crt", certificate), ("server.key", key), *([("root.crt", ca)] if ca else [])):
        path = pathlib.Path(cluster.data, name)
        path.write_bytes(source.read_bytes())
        path.chmod(0o600)  # else the server does not take the key
        if cluster.as_owner:
            shutil.chown(path, "postgres")
    with open(pathlib.Path(cluster.data, "postgresql.conf"), "a", encoding="ascii") as file:
        file.write("ssl = on\n" + ("ssl_ca_file = 'root.crt'\n" if ca else ""))
