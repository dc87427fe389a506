"""Conversations of a client with the server. Table t (id, c) holds the rows (1, 10), (2, 20), (3, NULL) before."""

import struct

from recorded import Step
from wire import (bind, close, copy_data, copy_done, copy_fail, describe, execute, flush, function_call, message, parse,
                  query, run, sync)

INT4, TEXT, BYTEA = 23, 25, 17
INT4PL = 177  # pg_proc.oid of int4pl(int4, int4), the same in every version
SEVERAL_ROWS = "SELECT id, c FROM t ORDER BY id"
FAIL = "SELECT 1/0"


def asked(*parts):
    """All at once, answered by one ReadyForQuery per Query or Sync."""
    return [Step(*parts)]


def binary(value):
    return struct.pack("!i", value)


SIMPLE = {
    "one row": asked(query("SELECT 1, 'x', NULL, 1.5, c FROM t ORDER BY id LIMIT 1")),
    "several statements": asked(query("SELECT 1; SELECT 2 WHERE false; INSERT INTO t (c) VALUES (5); TABLE t")),
    "an error ends the text": asked(query("INSERT INTO t (c) VALUES (1); SELECT 1/0; SELECT 2"), query("TABLE t")),
    "syntax error": asked(query("SELECT FROM WHERE"), query("SELECT 1")),
    "error fields": asked(query("INSERT INTO t (id, c) VALUES (1, 1)"), query("SELECT nothing FROM t")),
    "transaction states": asked(*map(query, ("BEGIN", "SELECT 1", FAIL, "SELECT 2", "ROLLBACK", "COMMIT"))),
    "savepoints": asked(*map(query, ("BEGIN", "SAVEPOINT a", FAIL, "ROLLBACK TO a", "SELECT 1", "COMMIT"))),
    "empty texts": asked(query(""), query(";"), query(" -- nothing\n"), query("/* a */;/* b */"), query(";SELECT 1;;")),
    "notices": asked(query("DO $$ BEGIN RAISE NOTICE 'n %', 1; RAISE WARNING 'w' USING HINT = 'h'; END $$"),
                     query("SET client_min_messages = debug1"), query("DO 'BEGIN RAISE DEBUG ''d''; END'")),
    "error in a DO": asked(query("DO $$ BEGIN RAISE EXCEPTION 'e' USING ERRCODE = 'LK001', DETAIL = 'd'; END $$")),
    "parameter status": asked(*map(query, ("SET TimeZone = 'Asia/Tokyo'", "SET application_name = 'an \"app\"'",
                                           "SET client_encoding = 'LATIN1'", "SELECT chr(228)", "RESET ALL",
                                           "BEGIN; SET LOCAL DateStyle = 'German'", "SELECT now()::date - now()::date",
                                           "ROLLBACK"))),
    "strings": asked(query("SELECT 'a\\', E'a\\'', $$b'$$, U&'d!0061' UESCAPE '!'"),
                     query("SET standard_conforming_strings = off"),
                     query("SELECT 'it''s; DROP TABLE t'")),
    "listen and notify": asked(query("LISTEN here"), query("NOTIFY here, 'word'"), query("UNLISTEN *")),
    "prepared in SQL": asked(*map(query, ("PREPARE p (int) AS SELECT $1 + 1", "EXECUTE p (4)", "DEALLOCATE p",
                                          "EXECUTE p (5)", "DISCARD ALL"))),
    "cursor": asked(*map(query, ("BEGIN", "DECLARE k CURSOR FOR TABLE t", "FETCH 2 k", "MOVE k", "FETCH ALL k",
                                 "END"))),
    "explain": asked(query("EXPLAIN (COSTS off) UPDATE t SET c = 1"), query("SHOW server_version"), query("TABLE t")),
    "eight megabytes in a row": asked(query("SELECT repeat('x', 8388608), 1 FROM generate_series(1, 2)")),
    "five megabytes of text": asked(query("SELECT '" + "x" * 5_000_000 + "'"), query("SELECT 1")),
    "text that is not UTF-8": asked(message("Q", b"SELECT '\xff\xfe'\0"), query("SELECT 1")),
}

EXTENDED = {
    "all forms": asked(parse("SELECT $1::int, $2", "s", [INT4, TEXT]), describe("S", "s"), bind((1, "x"), "s", "p"),
                       describe("P", "p"), execute("p"), close("P", "p"), close("S", "s"), sync()),
    "unnamed": asked(run("SELECT 1"), sync(), run("INSERT INTO t (c) VALUES ($1)", 7), sync(), run("TABLE t"), sync()),
    "no data and empty": asked(parse("SET work_mem = 1024"), describe("S"), bind(), execute(), sync(), run(""), sync()),
    "binary": asked(parse("SELECT $1::int + 1, $2::bytea, $3::text", "", [INT4, BYTEA, 0]), describe("S"),
                    bind((binary(41), b"\x00\xff", None), formats=(1, 1, 0), results=(1, 1, 0)), describe("P"),
                    execute(),
                    bind((binary(1), b"", "x"), formats=(1, 1, 0), results=(1,)), execute(), sync()),
    "bad binary": asked(parse("SELECT $1::int", "", [INT4]), bind((b"abc",), formats=(1,)), execute(), sync()),
    "row limit": asked(query("BEGIN"), parse(SEVERAL_ROWS), bind(portal="p"), execute("p", 2), execute("p", 2), sync(),
                       execute("p", 1), execute("p"), execute("p"), sync(), query("COMMIT"), execute("p"), sync()),
    "row limit without transaction": asked(run(SEVERAL_ROWS), execute("", 1), bind(), execute("", 1), sync(),
                                           execute(), sync()),
    "error in a pipeline": asked(run("INSERT INTO t (c) VALUES (8)"), run(FAIL), run("SELECT 2"), describe("S", "none"),
                                 sync(), run("SELECT count(*) FROM t"), sync()),
    "errors of every message": asked(parse("SELEC"), sync(), bind(statement="none"), sync(), execute("none"), sync(),
                                     describe("S", "none"), sync(), describe("P", "none"), sync(), close("S", "none"),
                                     sync(),
                                     run("SELECT $1", 1, 2), sync(), parse("SELECT 1; SELECT 2"), sync(),
                                     parse("SELECT 1", "twice"), parse("SELECT 2", "twice"), sync()),
    "error and Query": asked(run(FAIL), query("SELECT 'skipped'"), sync(), query("SELECT 'not skipped'")),
    "query ends the unnamed": asked(parse("SELECT 1"), sync(), query("SELECT 2"), bind(), execute(), sync()),
    "transaction in a pipeline": asked(run("BEGIN"), run("INSERT INTO t (c) VALUES (9)"), run("ROLLBACK"),
                                       run("TABLE t"), sync()),
    "bare syncs": asked(sync(), sync(), flush(), sync()),
    "flush without sync": [Step(run("SELECT 1"), flush(), until="C"), Step(run("SELECT 2"), flush(), until="C"),
                           Step(run(FAIL), flush(), until="E"), Step(run("SELECT 3"), flush(), sync(), until="Z")],
    "big parameter": asked(parse("SELECT length($1), $1", "", [TEXT]), bind(("y" * 8_000_000,)), execute(), sync()),
    "1,000 statements, one sync": asked(*(run("SELECT $1::int", i) for i in range(1000)), sync()),
    "1,000 statements, each with its sync": asked(*(run("SELECT $1::int", i) + sync() for i in range(1000))),
    "1,000 statements, one fails": asked(*(run("SELECT 1 / ($1::int - 500)", i) for i in range(1000)), sync(),
                                         query(SEVERAL_ROWS)),
    "1,000 texts": asked(*(query(f"SELECT {i}") for i in range(1000))),
    "function call": asked(function_call(INT4PL, 3, 4), function_call(INT4PL, 1), function_call(4_000_000_000 - 2**32),
                           query("SELECT 1")),
}

LINES = b"".join(b"%d\n" % i for i in range(100))
COPY_IN = "COPY t (c) FROM STDIN"

COPY = {
    "in": asked(query(COPY_IN), copy_data(LINES), copy_data(b""), copy_data(b"7"), copy_data(b"7\n"), copy_done(),
                query("TABLE t")),
    "in, waiting": [Step(query(COPY_IN), until="G"), Step(copy_data(LINES)), Step(copy_done(), until="Z")],
    "in, failed by the client": asked(query(COPY_IN), copy_data(LINES), copy_fail("no more"), query("TABLE t")),
    "in, bad data": asked(query(COPY_IN), copy_data(b"1\nx\n2\n"), copy_data(LINES), copy_done(), query("TABLE t")),
    "in, refused": asked(query("COPY missing FROM STDIN"), copy_data(LINES), copy_done(), query("SELECT 1")),
    "in, several": asked(query(f"{COPY_IN}; SELECT 5; {COPY_IN}; SELECT 6"), copy_data(LINES), copy_done(),
                         copy_data(LINES), copy_done()),
    "in, flush and sync ignored": asked(query(COPY_IN), flush(), copy_data(b"1\n"), sync(), copy_data(b"2\n"),
                                        copy_done(), query("TABLE t")),
    "in, extended": asked(run(COPY_IN), copy_data(LINES), copy_done(), sync(), run("TABLE t"), sync()),
    "in, extended, sync before the data": asked(run(COPY_IN), sync(), copy_data(LINES), copy_done(), sync(),
                                                query("TABLE t")),
    "in, extended, failed": asked(run(COPY_IN), copy_data(LINES), copy_fail("stop"), run("SELECT 'skipped'"), sync(),
                                  run("TABLE t"), sync()),
    "in, extended, bad data": asked(run(COPY_IN), copy_data(b"x\n"), copy_data(LINES), copy_done(), sync(),
                                    run("TABLE t"), sync()),
    "out": asked(query("COPY t TO STDOUT"), query("COPY (SELECT * FROM t) TO STDOUT (FORMAT binary)")),
    "out, extended": asked(run("COPY t TO STDOUT (FORMAT csv, HEADER)"), run("SELECT 1"), sync()),
    "out, error on the way": asked(query("COPY (SELECT 1 / (3 - i) FROM generate_series(1, 5) i) TO STDOUT"),
                                   query("SELECT 1")),
    "out, many rows": asked(query("COPY (SELECT i, repeat('z', 90) FROM generate_series(1, 50000) i) TO STDOUT")),
    "data outside": asked(copy_data(LINES), copy_done(), copy_fail("what"), query("SELECT 1")),
}

# What may be a schema change of a newer PostgreSQL, or reads as one with the other setting of
# standard_conforming_strings: enforce adds a warning.
DOUBTFUL = {
    "unknown word": asked(query("SELEC 1"), query("SELECT 1")),
    "no end": asked(query("SELECT 'no end"), query("SELECT 1")),
    "two readings": asked(query("SET standard_conforming_strings = off"), query("SELECT 'a\\'b; DROP TABLE t'"),
                          query("SELECT 1")),
}

# Forwarded as it is in mode observe only; what enforce makes of it stands in the other files.
DDL = {
    "simple": asked(*map(query, ("BEGIN", "ALTER TABLE t ADD COLUMN x int", "CREATE INDEX i ON t (c)", "ROLLBACK",
                                 "CREATE TABLE t (a int)", "DROP TABLE IF EXISTS nothing", "SHOW lock_timeout"))),
    "several in a text": asked(query("ALTER TABLE t ADD COLUMN x int; SELECT x FROM t; ALTER TABLE t DROP COLUMN x;"
                                     " DROP TABLE none")),
    "extended": asked(parse("ALTER TABLE t ADD COLUMN x int", "d"), describe("S", "d"), sync(), run("BEGIN"), sync(),
                      bind(statement="d"), describe("P"), execute(), sync(), bind(statement="d"), execute(), sync(),
                      run("ROLLBACK"), sync()),
    "in a pipeline": asked(run("BEGIN"), run("SELECT 1"), run("ALTER TABLE t ADD COLUMN x int"),
                           run("SELECT x FROM t LIMIT 1"),
                           run("ROLLBACK"), sync(), query("TABLE t")),
    "after an error": asked(run(FAIL), run("DROP TABLE t"), sync(), query("BEGIN"), query(FAIL),
                            query("DROP TABLE t"), query("ROLLBACK")),
    "in a pipeline, fails": asked(run("INSERT INTO t (c) VALUES (4)"), run("DROP TABLE none"),
                                  run("SELECT 'skipped'"), sync(), query("TABLE t")),
    "in a DO": asked(query("DO $$ BEGIN DROP TABLE none; END $$"), query("TABLE t")),
}
