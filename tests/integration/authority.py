"""A certificate authority of the tests' own, by way of the openssl program."""

import pathlib
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
