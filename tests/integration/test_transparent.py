"""The server's answers come through byte for byte, whatever the client sends."""

import contextlib

import pytest

from cluster import wait_until
from conversations import COPY, DDL, DOUBTFUL, EXTENDED, SIMPLE
from recorded import assert_same, converse, masked, without_doubt
from wire import Wire, errors, flush, parse, query, rows, run, shape, sync, terminate


@pytest.fixture(scope="module")
def looking(cluster, module_database):
    with contextlib.closing(cluster.connect(module_database)) as connection:
        connection.cursor().execute("CREATE TABLE t (id serial PRIMARY KEY, c int)")
        yield connection


@pytest.fixture
def both(cluster, module_database, module_proxy, looking):
    """both(steps): converses straight and through, each time with the same three rows in t."""
    def compare(steps, mode="enforce", piece=0):
        heard = []
        for port in (cluster.port, module_proxy(mode).port):
            looking.cursor().execute("TRUNCATE t RESTART IDENTITY; INSERT INTO t (c) VALUES (10), (20), (NULL)")
            heard.append(converse(port, module_database, steps, piece))
        assert_same(*heard)
        return heard[1]

    return compare


def cases(*groups):
    return [pytest.param(steps, id=name) for group in groups for name, steps in group.items()]


@pytest.mark.parametrize("mode", ["observe", "enforce"])
@pytest.mark.parametrize("steps", cases(SIMPLE, EXTENDED, COPY))
def test_same_bytes(steps, mode, both):
    both(steps, mode)


@pytest.mark.parametrize("steps", cases(DDL, DOUBTFUL))
def test_same_bytes_of_ddl_in_observe(steps, both):
    both(steps, "observe")


@pytest.mark.parametrize("steps", cases(DOUBTFUL))
def test_doubt_adds_a_warning_and_nothing_else(steps, cluster, module_database, module_proxy, looking):
    straight = converse(cluster.port, module_database, steps)
    through = converse(module_proxy().port, module_database, steps)
    assert len(through) == len(straight) + 1
    assert_same(straight, without_doubt(through))


@pytest.mark.parametrize("piece", [1, 7])
@pytest.mark.parametrize("steps", [SIMPLE["several statements"], EXTENDED["all forms"], EXTENDED["binary"], COPY["in"],
                                   COPY["in, extended, failed"]])
def test_same_bytes_in_pieces(steps, piece, both):
    both(steps, piece=piece)


def test_notification_while_the_client_says_nothing(cluster, module_proxy, module_database, looking):
    def notified(port):
        with Wire(port, database=module_database) as wire:
            wire.ask(query("LISTEN news"))
            looking.cursor().execute("NOTIFY news, 'came'")
            return masked(*wire.read())

    assert notified(module_proxy().port) == notified(cluster.port) == ("A", b"pid" + b"news\0came\0")


@pytest.fixture
def through(module_proxy, module_database, looking):
    with Wire(module_proxy().port, database=module_database) as wire:
        yield wire


def test_terminate_closes(through, looking):
    through.send(query("SELECT 1"), terminate())
    assert shape(through.until_closed()) == "T D C ZI"
    gone(looking, through.pid)


def test_client_that_vanishes(through, looking):
    """A client without Terminate takes its server process, and the locks it holds, with it."""
    through.ask(query("BEGIN; LOCK TABLE t"))
    through.socket.close()
    gone(looking, through.pid)


def gone(looking, pid):
    def find():
        cursor = looking.cursor()
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
        return cursor.fetchone() is None
    wait_until(find, "the server process has ended")


def test_half_close(through):
    """shutdown(SHUT_WR) after the last request: its answer still arrives, then the end."""
    through.send(query("SELECT pg_sleep(0.2), repeat('x', 1000000)"))
    through.socket.shutdown(1)
    assert shape(through.until_closed()) == "T D C ZI"


def test_terminated_by_the_administrator(through, looking):
    looking.cursor().execute("SELECT pg_terminate_backend(%s)", [through.pid])
    heard = through.until_closed()
    assert [e["C"] for e in errors(heard)] == ["57P01"]
    assert shape(heard) == "E"


def test_terminated_in_a_statement(through, looking):
    through.send(query("SELECT pg_sleep(30)"))
    cursor = looking.cursor()
    wait_until(lambda: (cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'",
                                       [through.pid]), cursor.fetchone())[1], "it sleeps")
    cursor.execute("SELECT pg_terminate_backend(%s)", [through.pid])
    assert [e["C"] for e in errors(through.until_closed())] == ["57P01"]


def test_two_sessions_do_not_mix(module_proxy, module_database, looking):
    with Wire(module_proxy().port, database=module_database) as one, Wire(module_proxy().port, database=module_database) as two:
        one.send(query("SELECT 'one' FROM pg_sleep(0.1)"))
        assert rows(two.ask(query("SELECT 'two'"))) == [["two"]]
        assert rows(one.until_ready()) == [["one"]]
        assert one.pid != two.pid


IN = "COPY t (c) FROM STDIN"


@pytest.mark.parametrize("copy", [query(IN), run(IN) + flush(), run(IN) + sync()], ids=["simple", "extended", "its Sync read"])
@pytest.mark.parametrize("more", [query("SELECT 1"), query("CREATE INDEX late ON t (c)"), parse("SELECT 1") + sync()],
                         ids=["Query", "DDL", "Parse"])
def test_what_has_no_place_in_a_copy_ends_the_session(copy, more, cluster, module_database, through, looking):
    """As the server does. That the COPY had not failed, of itself, only the server knows: it is asked."""
    with Wire(cluster.port, database=module_database) as straight:
        ends = []
        for wire in (straight, through):
            wire.send(copy)
            wire.until("G")
            wire.send(more)
            ends.append(errors(wire.until_closed()))
    for end in ends:
        assert (end[-1]["V"], end[-1]["C"]) == ("FATAL", "08P01")
    assert ends[0][0]["M"] == ends[1][0]["M"]
    cursor = looking.cursor()
    cursor.execute("SELECT to_regclass('late')")
    assert cursor.fetchone() == (None,)
