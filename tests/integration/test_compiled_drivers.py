"""Drivers that speak the protocol by themselves or by a compiled program: the same output straight and through Lockkeeper.

Each program creates index i of table t outside a transaction, so the plan runs in the middle of what the driver does.
"""

import pytest

from programs import compiled_c, go_build, java_classes, java_run, pgjdbc, program


@pytest.fixture
def same(cluster, lockkeeper, database, table, straight, server_log):
    """same(run): run(endpoint, database) says the same straight and in both modes; what it says."""
    def compare(run):
        said = {}
        for mode, endpoint in (("straight", cluster), ("observe", lockkeeper(mode="observe")), ("enforce", lockkeeper())):
            straight.cursor().execute("TRUNCATE t RESTART IDENTITY; INSERT INTO t (c) SELECT generate_series(1, 1000)")
            server_log.mark()
            said[mode] = run(endpoint, database).splitlines()
            assert bool(server_log.ran(r"^\s*CREATE INDEX CONCURRENTLY")) == (mode == "enforce"), mode
        assert said["observe"] == said["straight"]
        assert said["enforce"] == said["straight"]
        return said["straight"]

    return compare


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    return java_classes("pgjdbc.java", tmp_path_factory.mktemp("java"))


@pytest.mark.parametrize("release", ["installed", "forky"])
def test_pgjdbc(release, classes, same):
    driver = pgjdbc(release)
    said = same(lambda endpoint, database: java_run(
        driver, classes, "pgjdbc", f"jdbc:postgresql://127.0.0.1:{endpoint.port}/{database}?user=postgres&sslmode=disable"))
    assert said.count("[[still here]]") == 8


@pytest.mark.parametrize("name, settings", [("pgx", 5), ("lib_pq", 2)])
def test_go(name, settings, same, tmp_path):
    binary = go_build(name, tmp_path)
    said = same(lambda endpoint, database: program(binary, f"postgres://postgres@127.0.0.1:{endpoint.port}/{database}?sslmode=disable"))
    assert len([line for line in said if "still here" in line]) == settings


def test_libpq(same, tmp_path):
    binary = compiled_c("libpq", tmp_path)
    said = same(lambda endpoint, database: program(binary, endpoint.dsn(database)))
    assert said[-1].endswith("?column?=still here (1 rows)")
