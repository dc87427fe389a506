"""libpq and psql of 18 and 19 against PostgreSQL 18: protocol 3.2, keys longer than 4 octets, TLS without SSLRequest.

The programs are of newer releases of Debian and run with the C library of theirs.
"""

import os
import subprocess

import pytest

from authority import Authority, secure
from cluster import Cluster
from debian import NotFetched
from programs import UNRELEASED, compiled_c, other_postgres, program, with_libpq
from recorded import assert_same, masked
from test_startup import asking
from wire import Wire

AUTHENTICATION = """
host all scram_user 127.0.0.1/32 scram-sha-256
host all all        127.0.0.1/32 trust
"""

# How the client connects, and whether in TLS.
SETTINGS = {
    "as by default": "sslmode=disable",
    "3.2": "sslmode=disable min_protocol_version=3.2 max_protocol_version=latest",
    "direct TLS": "sslmode=require sslnegotiation=direct",
    "3.2, direct TLS": "sslmode=verify-full sslnegotiation=direct min_protocol_version=3.2 max_protocol_version=3.2 sslrootcert={ca}",
    "3.2, TLS as ever": "sslmode=require min_protocol_version=3.2 max_protocol_version=latest",
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("newer"))


@pytest.fixture(scope="module")
def pair(authority):
    return authority.issue("localhost", "DNS:localhost", "IP:127.0.0.1")


@pytest.fixture(scope="module")
def cluster(pair):
    with Cluster(programs=other_postgres(18)) as made:
        secure(made, *pair)
        with open(os.path.join(made.data, "pg_hba.conf"), "w", encoding="ascii") as file:
            file.write(AUTHENTICATION)
        yield made.start().create_roles()


@pytest.fixture
def proxy(lockkeeper, cluster, pair):
    """With the server's own certificate, so that channel binding passes."""
    return lockkeeper(upstream_settings={"host": "127.0.0.1", "port": cluster.port, "tls": "require"},
                      tls={"client": "allow", "certificate": str(pair[0]), "key": str(pair[1])})


@pytest.fixture(params=[18, 19])
def libpq(request):
    try:
        return with_libpq(request.param)
    except NotFetched as problem:
        # Before its release Debian has it in experimental only, for as long as it likes: no fault of ours, and no list to change.
        if request.param not in UNRELEASED:
            raise
        pytest.skip(str(problem))


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    return compiled_c("libpq", tmp_path_factory.mktemp("libpq"))


def said_by_both(straight, cluster, proxy, run):
    said = []
    for endpoint in (cluster, proxy):
        straight.cursor().execute("TRUNCATE t RESTART IDENTITY; INSERT INTO t (c) SELECT generate_series(1, 1000)")
        said.append(run(endpoint).splitlines())
    assert said[0] == said[1]
    return said[0]


@pytest.mark.parametrize("how", SETTINGS)
def test_libpq(how, libpq, binary, cluster, proxy, database, table, straight, authority, server_log):
    """Its own cancels too: in the clear, and in TLS with the key as long as the protocol gives it."""
    settings = SETTINGS[how].format(ca=authority.certificate)
    said = said_by_both(straight, cluster, proxy, lambda endpoint: program(*libpq[0], binary, f"{endpoint.dsn(database)} {settings}"))
    assert said[0] == f"server {straight.server_version}, protocol {30002 if '3.2' in how else 30000}, encrypted {int('TLS' in how)}"
    assert said[-1].endswith("?column?=still here (1 rows)")
    assert server_log.ran(r"^\s*CREATE INDEX CONCURRENTLY")


SCRIPT = r"""
SELECT $1::int + $2 AS sum \bind 1 2 \g
SELECT $1::text AS x \parse named
\bind_named named word \g
\bind_named named other \g
\close_prepared named
\bind_named named again \g
\startpipeline
SELECT 1 AS one \bind \sendpipeline
INSERT INTO t (c) VALUES ($1) \bind 7 \sendpipeline
\flushrequest
\getresults 1
SELECT 1/0 \bind \sendpipeline
SELECT 'skipped' \bind \sendpipeline
\syncpipeline
SELECT count(*) FROM t \bind \sendpipeline
\endpipeline
\set FETCH_COUNT 100
SELECT id FROM t ORDER BY id;
\set FETCH_COUNT 0
\copy t (c) from program 'seq 5'
COPY (SELECT sum(c) FROM t) TO STDOUT;
CREATE INDEX i ON t (c);
\d t
ALTER TABLE t ADD COLUMN note text DEFAULT 'x' \bind \g
SELECT * FROM t LIMIT 2 \gdesc
DROP INDEX i;
ALTER TABLE t DROP COLUMN note;
\dconfig+ server_version
"""


@pytest.mark.parametrize("how", ["3.2", "3.2, direct TLS"])
def test_psql(how, libpq, cluster, proxy, database, table, straight, authority):
    loader, psql = libpq
    settings = SETTINGS[how].format(ca=authority.certificate)

    def run(endpoint):
        command = [*loader, psql, "-X", "-A", f"{endpoint.dsn(database)} {settings}"]
        done = subprocess.run(command, input=SCRIPT, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout + done.stderr + str(done.returncode)
    said = said_by_both(straight, cluster, proxy, run)
    assert said[-1] == "0" and "word" in said and "t_pkey" in "".join(said)


@pytest.mark.parametrize("binding", ["require", "disable"])
def test_scram_in_direct_tls(binding, libpq, proxy):
    loader, psql = libpq
    words = f"host=127.0.0.1 port={proxy.port} user=scram_user dbname=postgres {SETTINGS['direct TLS']} channel_binding={binding}"
    said = program(*loader, psql, "-XAt", "-c", "SELECT current_user", words, env={**os.environ, "PGPASSWORD": "secret"})
    assert said == "scram_user\n"


def test_startup_of_a_client_that_greases(cluster, lockkeeper):
    """The betas of libpq 19 ask for version 3.9999 and an option that nobody knows; its release candidate no longer does."""
    heard = []
    for port in (cluster.port, lockkeeper(upstream=cluster.port).port):
        with Wire(port, log_in=False) as wire:
            wire.send(asking(9999, "_pq_.test_protocol_negotiation"))
            heard.append(wire.until_ready())
    assert_same(*([masked(*m) for m in messages] for messages in heard))
    assert [len(dict(messages)["K"]) for messages in heard] == [36, 36]
