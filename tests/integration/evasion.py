"""Ways to get a refused statement past the policy: a name that says the trick -> the steps of a client that tries it.

A step is what is sent in one go; the next one follows when the server has answered. Table t (id, c) is the target. Every
step that matters would, were it let through, rename t, take its rows or make a relation: that is how the test sees it.
"""

from wire import (bind, close, copy_data, copy_done, describe, execute, flush, function_call, message, parse, query, run, sync,
                  text)

RENAME = "ALTER TABLE t RENAME TO u"
HIDDEN = f"; {RENAME}; --"


def encoded(encoding, *parts):
    """Text of parts: strings are ASCII, bytes go as they are."""
    body = b"".join(part if isinstance(part, bytes) else part.encode("ascii") for part in parts)
    return [query(f"SET client_encoding = '{encoding}'"), query("SET backslash_quote = on"), message("Q", body + b"\0")]


def raw(*parts):
    return message("Q", b"".join(part if isinstance(part, bytes) else part.encode("ascii") for part in parts) + b"\0")


PLAIN = {
    "in the middle of three": [query(f"SELECT 1; {RENAME}; SELECT 2")],
    "behind a hundred harmless ones": [query("SELECT 1;" * 100 + RENAME)],
    "in capitals and small letters": [query("aLtEr TaBlE t rEnAmE tO u")],
    "behind a comment": [query(f"/* select */ {RENAME}")],
    "behind comments in comments": [query(f"/* a /* b */ ; c /* -- */ */ {RENAME}")],
    "words parted by comments": [query("ALTER/**/TABLE/*x*/t/**/RENAME--\nTO/**/u")],
    "behind a line comment that ends in CR": [query(f"SELECT 1; -- x\r{RENAME}")],
    "comment that only seems to begin in an operator": [query(f"SELECT 1 */* x */ 1; {RENAME}")],
    "comment that only seems to end": [query(f"SELECT 1 /* /*/ */ */; {RENAME}")],
    "behind a literal with a comment's begin in it": [query(f"SELECT '/*'; {RENAME}; SELECT '*/'")],
    "behind a literal with a semicolon in it": [query(f"SELECT ';--'; {RENAME}")],
    "behind doubled quotes": [query(f"SELECT ''''''; {RENAME}; SELECT ''''")],
    "behind a quoted name with a quote in it": [query(f"SELECT 1 AS \"a\"\"';\"; {RENAME}; SELECT 1 AS \"'\"")],
    "behind a dollar quote": [query(f"SELECT $$'$$; {RENAME}; SELECT $$'$$")],
    "behind a dollar quote in another": [query(f"SELECT $a$ $b$ $a$; {RENAME}; SELECT $b$ $b$")],
    "dollar that belongs to a name": [query(f"SELECT 1 AS a$$; {RENAME}; SELECT 1 AS b$$")],
    "dollar behind a number": [query(f"SELECT 1$$x$$; {RENAME}; SELECT $$ $$")],
    "behind an escaped quote": [query(f"SELECT E'\\''; {RENAME}; SELECT E'\\''")],
    "behind an escaped backslash": [query(f"SELECT E'\\\\'; {RENAME}; --'")],
    "behind a plain literal that ends in a backslash": [query(f"SELECT 'a\\'; {RENAME}; --'")],
    "behind an escape literal that goes on": [query(f"SELECT E'a'\n'\\''; {RENAME}; --'")],
    "escape letter that belongs to a name": [query(f"SELECT * FROM (SELECT 1) AS some'\\'; {RENAME}; --'"),
                                              query(f"SELECT text'a\\'; {RENAME}; --'")],
    "behind a Unicode literal": [query(f"SELECT U&'\\0027'; {RENAME}; --'")],
    "behind a bit string": [query(f"SELECT B'01'; {RENAME}; SELECT X'1F'")],
    "behind a national literal": [query(f"SELECT N'\\'; {RENAME}; --'")],
    "behind empty statements": [query(f";; ;/* */;{RENAME}")],
    "behind all kinds of blanks": [query(f" \t\r\n\f{RENAME}")],
    "in parentheses that never open": [query(f"SELECT 1); {RENAME}")],
    "behind a byte order mark": [query(f"\ufeff{RENAME}"), query(f"SELECT 1;\ufeff{RENAME}")],
    "behind a blank that is none": [query(f"\u00a0{RENAME}"), query(f"\u3000{RENAME}"), query(f"\x0b{RENAME}")],
    "quoted names": [query('ALTER TABLE "t" RENAME TO "u"')],
    "Unicode escapes for the name": [query("ALTER TABLE U&\"\\0074\" RENAME TO u")],
    "Unicode escapes of one's own": [query("ALTER TABLE U&\"!0074\" UESCAPE '!' RENAME TO u")],
    "by way of the schema": [query("ALTER TABLE public.t RENAME TO u")],
    "with IF EXISTS and ONLY": [query("ALTER TABLE IF EXISTS ONLY t RENAME TO u")],
    "called a view": [query("ALTER VIEW t RENAME TO u")],
    "called an index": [query("ALTER INDEX t RENAME TO u")],
    "called a sequence": [query("ALTER SEQUENCE t RENAME TO u")],
    "called a foreign table": [query("ALTER FOREIGN TABLE t RENAME TO u"), query(RENAME)],
    "called a type": [query("ALTER TYPE t RENAME TO u"), query(RENAME)],
    "moved away instead of renamed": [query("ALTER TABLE t SET SCHEMA s")],
    "with a WITH in front": [query(f"WITH x AS (SELECT 1) SELECT * FROM x; {RENAME}")],
}

ROWS = {
    "deleted in a WITH": [query("WITH d AS (DELETE FROM t RETURNING *) SELECT count(*) FROM d WHERE true")],
    "deleted in the query of a COPY": [query("COPY (DELETE FROM t RETURNING id) TO STDOUT")],
    "deleted by EXPLAIN ANALYZE": [query("EXPLAIN ANALYZE DELETE FROM t")],
    "deleted by EXPLAIN with options": [query("EXPLAIN (ANALYZE true, COSTS off) DELETE FROM t")],
    "deleted by what was prepared": [query("PREPARE p AS DELETE FROM t"), query("EXECUTE p")],
    "deleted by what was prepared and explained": [query("PREPARE p AS DELETE FROM t"), query("EXPLAIN ANALYZE EXECUTE p")],
    "deleted with the WHERE of another": [query("DELETE FROM t RETURNING (SELECT 1 WHERE true)")],
    "deleted with a column called where": [query('DELETE FROM t RETURNING id AS "where"')],
    "deleted with a WHERE in a comment": [query("DELETE FROM t /* WHERE id = 1 */")],
    "deleted with a WHERE in a literal": [query("DELETE FROM t RETURNING 'WHERE id = 1'")],
    "deleted in the next statement": [query("SELECT 1 WHERE true; DELETE FROM t; SELECT 1 WHERE true")],
    "updated without a WHERE in a WITH": [query("WITH x AS (SELECT 1 WHERE true) UPDATE t SET c = 0")],
    "truncated": [query("TRUNCATE t")],
    "truncated with a table of one's own": [query("CREATE TABLE mine (a int); TRUNCATE mine, t")],
    "deleted by way of Parse": [run("DELETE FROM t"), sync()],
}

SCHEMAS = {
    "element of CREATE SCHEMA": [query("CREATE SCHEMA x CREATE INDEX ON t (c)"),
                                 query("CREATE SCHEMA public CREATE INDEX ON t (c)"),
                                 query("CREATE SCHEMA AUTHORIZATION postgres CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()")],
    "in a DO block": [query(f"DO $$ BEGIN {RENAME}; END $$")],
    "in a DO block of an odd spelling": [query(f"DO LANGUAGE plpgsql 'BEGIN {RENAME}; END'")],
    "in a DO block behind a condition": [query(f"DO $$ BEGIN IF true THEN {RENAME}; END IF; END $$")],
    "in a DO block within a block": [query(f"DO $$ BEGIN BEGIN {RENAME}; EXCEPTION WHEN OTHERS THEN NULL; END; END $$")],
    "in a DO block by EXECUTE": [query("DO $$ BEGIN EXECUTE 'ALTER TABLE t RENAME TO u'; END $$")],
    "in a DO block by EXECUTE of pieces": [query("DO $$ BEGIN EXECUTE 'AL' || 'TER TABLE t RENAME TO u'; END $$")],
    "in a DO block by PERFORM of DDL's text": [query("DO $$ BEGIN EXECUTE format('ALTER TABLE %I RENAME TO u', 't'); END $$")],
    "table of one's own under the same name elsewhere": [
        query("CREATE SCHEMA IF NOT EXISTS s; CREATE TABLE s.t (a int); ALTER TABLE public.t RENAME TO u"),
        query("CREATE TABLE s.t (a int); ALTER TABLE t RENAME TO u")],
    "search_path changed behind one's own table": [
        query("SET search_path = s; CREATE TABLE t (a int); SET search_path = public; ALTER TABLE t RENAME TO u"),
        query("RESET search_path"), query(RENAME)],
    "temporary table of the same name that is gone": [query("BEGIN; CREATE TEMP TABLE t (a int)"), query("DROP TABLE pg_temp.t"),
                                                      query(RENAME), query("ROLLBACK")],
    "temporary table of the same name that was rolled back": [
        query("BEGIN; SAVEPOINT a; CREATE TEMP TABLE t (a int); ROLLBACK TO a"), query(RENAME), query("ROLLBACK")],
    "temporary table of the same name that ends with the transaction": [
        query("BEGIN; CREATE TEMP TABLE t (a int) ON COMMIT DROP; COMMIT"), query(RENAME)],
    "temporary table of the same name in one text": [
        query("CREATE TEMP TABLE t (a int); DROP TABLE t; ALTER TABLE t RENAME TO u")],
    "table of one's own, then the other's name": [
        query("BEGIN; CREATE TABLE v (a int)"), query("ALTER TABLE v RENAME TO w"), query("ALTER TABLE t RENAME TO v"),
        query("ROLLBACK")],
    "table of one's own, dropped by its full name": [
        query("SET search_path = s, public"), query("CREATE TABLE t (a int); DROP TABLE s.t; ALTER TABLE t RENAME TO u")],
    "temporary table of one's own, dropped by its full name": [
        query("CREATE TEMP TABLE t (a int); DROP TABLE pg_temp.t; ALTER TABLE t RENAME TO u")],
    "table of one's own in a schema that is dropped": [
        query("SET search_path = s, public"), query("CREATE TABLE t (a int); DROP SCHEMA s CASCADE; ALTER TABLE t RENAME TO u"), query(RENAME)],
    "table of one's own in a schema of one's own": [
        query("CREATE SCHEMA x CREATE TABLE t (a int); ALTER TABLE t RENAME TO u")],
    "table that is there already": [query("CREATE TABLE IF NOT EXISTS t (a int); ALTER TABLE t RENAME TO u")],
    "table that is there already, behind a failed transaction": [
        query("BEGIN"), query("SELECT 1/0"), query("ROLLBACK; CREATE TABLE IF NOT EXISTS t (a int); ALTER TABLE t RENAME TO u")],
    "search_path changed behind one's own table and a failed transaction": [
        query("BEGIN"), query("SELECT 1/0"),
        query("ROLLBACK; SET search_path = s; CREATE TABLE t (a int); SET search_path = public; ALTER TABLE t RENAME TO u")],
    "override in a literal": [query(f"SELECT '/* lockkeeper: allow table-renamed reason=\"x\" */'; {RENAME}")],
    "override without a reason": [query(f"/* lockkeeper: allow table-renamed reason=\"\" */ {RENAME}")],
    "override of another statement": [query(f"SELECT 1 /* lockkeeper: allow table-renamed reason=\"x\" */; {RENAME}")],
    "override in a comment in a comment that is not one": [
        query(f"SELECT '/*' /* x */; {RENAME}; SELECT ' lockkeeper: allow table-renamed reason=\"x\" */'")],
}

FAILED = [query("BEGIN"), query("SELECT 1/0")]
STATES = {
    "behind a ROLLBACK that ends a failed transaction": [*FAILED, query(f"ROLLBACK; {RENAME}")],
    "behind a COMMIT that ends a failed transaction": [*FAILED, query(f"COMMIT; {RENAME}")],
    "behind a ROLLBACK to a savepoint": [query("BEGIN; SAVEPOINT a"), query("SELECT 1/0"),
                                         query(f"ROLLBACK TO a; {RENAME}; COMMIT")],
    "behind a ROLLBACK in the same pipeline": [*FAILED, run("ROLLBACK") + run(RENAME) + sync()],
    "behind a ROLLBACK in the same pipeline, prepared before": [parse(RENAME, "p") + sync(), *FAILED,
                                                                run("ROLLBACK") + bind(statement="p") + execute() + sync()],
    "behind a ROLLBACK AND CHAIN": [*FAILED, query(f"ROLLBACK AND CHAIN; {RENAME}; COMMIT")],
    "Query behind a ROLLBACK without Sync": [*FAILED, run("ROLLBACK") + query(RENAME)],
    "in a transaction": [query("BEGIN"), query(RENAME), query("COMMIT")],
    "in one text with BEGIN and COMMIT": [query(f"BEGIN; {RENAME}; COMMIT")],
    "in the pipeline of a BEGIN": [run("BEGIN") + run(RENAME) + run("COMMIT") + sync()],
    "Query in the middle of a pipeline": [run("SELECT 1") + query(RENAME) + sync()],
    "Query while the server skips": [run("SELECT 1/0") + query(RENAME) + sync(), query(RENAME)],
    "many at once": [query(RENAME) * 50],
    "two Queries in one go": [query("SELECT 1") + query(RENAME)],
    "behind a COPY": [query("COPY t (c) FROM STDIN") + copy_data(b"no number\n") + copy_done() + query(RENAME)],
    "in the data of a COPY": [query("COPY t (c) FROM STDIN") + copy_data(query(RENAME)) + copy_done()],
    "by COPY of a program's output": [query("COPY t (c) FROM PROGRAM 'false'; " + RENAME)],
}

PREPARED = {
    "Parse, Bind, Execute": [run(RENAME) + sync()],
    "prepared and run later": [parse(RENAME, "p") + sync(), bind(statement="p") + execute() + sync()],
    "prepared, described, run": [parse(RENAME, "p") + describe("S", "p") + sync(), bind(statement="p") + describe() + execute() + sync()],
    "prepared by the protocol and run by SQL": [parse(RENAME, "p") + sync(), query("EXECUTE p")],
    "prepared by the protocol and run by a prepared EXECUTE": [parse(RENAME, "p") + sync(), run("EXECUTE p") + sync()],
    "prepared by the protocol and run by EXECUTE in one pipeline": [parse(RENAME, "p") + run("EXECUTE p") + sync()],
    "prepared under a quoted name and run by SQL": [parse(RENAME, "P q") + sync(), query('/* */ EXECUTE "P q"')],
    "prepared by the protocol and explained": [parse(RENAME, "p") + sync(), query("EXPLAIN ANALYZE EXECUTE p")],
    "prepared by the protocol and run by EXECUTE behind others": [parse(RENAME, "p") + sync(), query("SELECT 1; EXECUTE p; SELECT 2")],
    "prepared by the protocol and run by EXECUTE in a failed transaction": [parse(RENAME, "p") + sync(), *FAILED,
                                                                           query("ROLLBACK; EXECUTE p")],
    "name prepared again in vain": [parse(RENAME, "p") + sync(), parse("SELECT 1", "p") + sync(), bind(statement="p") + execute() + sync()],
    "name prepared again in vain, all in one go": [parse(RENAME, "p") + sync() + parse("SELECT 1", "p") + sync() +
                                                   bind(statement="p") + execute() + sync()],
    "name prepared again in vain, as what is allowed": [parse(RENAME, "p") + sync() + parse("ALTER TABLE t ALTER c SET STATISTICS 5", "p") +
                                                        sync() + bind(statement="p") + execute() + sync()],
    "name closed while the server skips": [parse(RENAME, "p") + sync() + run("SELECT 1/0") + close("S", "p") + parse("SELECT 1", "p") +
                                           sync() + bind(statement="p") + execute() + sync()],
    "name deallocated in vain": [parse(RENAME, "p") + sync(), query("SELECT 1/0; DEALLOCATE p"), bind(statement="p") + execute() + sync()],
    "name that differs in capitals": [parse(RENAME, "P") + sync() + parse("SELECT 1", "p") + sync(), bind(statement="P") + execute() + sync()],
    "portal bound twice": [parse(RENAME, "p") + bind(statement="p", portal="a") + close("P", "a") + bind(statement="p", portal="a") +
                           execute("a") + sync()],
    "portal of the same name closed in vain": [query("BEGIN"), parse(RENAME, "p") + bind(statement="p", portal="a") + sync(),
                                               run("SELECT 1/0") + close("P", "a") + sync(), query("ROLLBACK"),
                                               bind(statement="p", portal="a") + execute("a") + sync()],
    "portal bound in one pipeline, run in the next": [query("BEGIN"), parse(RENAME, "p") + bind(statement="p", portal="a") + sync(),
                                                      execute("a") + sync(), query("COMMIT")],
    "portal with a row limit": [parse(RENAME) + bind() + execute(rows=1) + execute(rows=1) + sync()],
    "Flush in place of Sync": [parse(RENAME) + flush() + bind() + flush() + execute() + flush() + sync()],
    "behind a thousand prepared statements": [b"".join(parse("ALTER TABLE t ALTER c SET STATISTICS 5", f"p{i}") for i in range(1005)) + sync(),
                                              run(RENAME) + sync()],
    "prepared text in a byte each": [run(RENAME) + sync()],
    "two statements in one Parse": [run(f"SELECT 1; {RENAME}") + sync()],
}

STRINGS_OFF = query("SET standard_conforming_strings = off")
ESCAPED = f"SELECT '\\''; {RENAME}; --'"  # two statements where a backslash escapes, one where it does not
LITERALS = {
    "backslash that escapes": [STRINGS_OFF, query(ESCAPED)],
    "backslash that escapes no longer": [STRINGS_OFF, query("SET standard_conforming_strings = on"), query(f"SELECT 'a\\'; {RENAME}; --'")],
    "backslash that will escape, the SET in flight": [STRINGS_OFF + query(ESCAPED)],
    "backslash that will escape, far behind the SET": [STRINGS_OFF + query("SELECT 1") * 20 + query(ESCAPED)],
    "backslash that will escape, by set_config": [query("SELECT set_config('standard_conforming_strings', 'off', false)") + query(ESCAPED)],
    "backslash that will escape, by a function": [query("SELECT f_off()") + query(ESCAPED)],
    "backslash that will escape, the SET without Sync": [run("SET standard_conforming_strings = off") + query(ESCAPED)],
    "backslash that will escape after a slow statement": [run("SELECT pg_sleep(0.2)") + run("SET standard_conforming_strings = off") + sync() +
                                                          query(ESCAPED)],
    "backslash that will no longer escape, the SET in flight": [
        STRINGS_OFF, query("SET standard_conforming_strings = on") + query(f"SELECT 'a\\'; {RENAME}; --'")],
    "backslash that will escape, for a Parse": [STRINGS_OFF + parse("DELETE FROM t USING (SELECT '\\' x) y WHERE true --') y") + bind() + execute() + sync()],
    "backslash that escapes again after a rollback": [query("BEGIN; SET standard_conforming_strings = on; SET standard_conforming_strings = off"),
                                                      query("ROLLBACK") + query(f"SELECT 'a\\'; {RENAME}; --'")],
    "SET in the same text": [query(f"SET standard_conforming_strings = off; SELECT 'a\\'; {RENAME}; --'")],
}

# A character of two bytes whose second one is a backslash (or a brace, a semicolon), before a quote: to whoever takes bytes
# for characters the literal goes on.
ENCODINGS = {
    f"{encoding}: {name}": encoded(encoding, *parts)
    for encoding, pair, brace in (("SJIS", b"\x95\x5c", b"\x81\x7b"), ("SHIFT_JIS_2004", b"\x95\x5c", b"\x81\x7b"), ("BIG5", b"\xa5\x5c", b"\xa1\x7b"),
                                  ("GBK", b"\x81\x5c", b"\x81\x7b"), ("GB18030", b"\x81\x5c", b"\x81\x7b"))
    for name, parts in {
        "character that ends in a backslash": ("SELECT E'", pair, "'", HIDDEN, "'"),
        "tag of a dollar quote that ends in a brace": ("SELECT $", brace, "$ ' $", brace, "$", HIDDEN, "'"),
    }.items()
}
ENCODINGS |= {
    "JOHAB: character that ends in a semicolon": encoded("JOHAB", "SELECT $", b"\xd9\x31", "$ ' $", b"\xd9\x31", "$", HIDDEN, "'"),
    "UHC: tag of a dollar quote": encoded("UHC", "SELECT $", b"\x81\x5a", "$ ' $", b"\x81\x5a", "$", HIDDEN, "'"),
    "GB18030: character of four bytes": encoded("GB18030", "SELECT $", b"\x81\x30\x81\x30", "$ ' $", b"\x81\x30\x81\x30", "$", HIDDEN, "'"),
    "encoding in flight": [b"".join(encoded("SJIS", "SELECT E'", b"\x95\x5c", "'", HIDDEN, "'"))],
    "encoding in flight, of a statement that was prepared": [
        query("SET backslash_quote = on") + query("SET client_encoding = 'SJIS'") +
        message("P", b"\0DELETE FROM t USING (SELECT E'\x95\x5c' x) y --') y WHERE true\0\0\0") + bind() + execute() + sync()],
    "escapes off and an encoding": [STRINGS_OFF, *encoded("SJIS", "SELECT '", b"\x95\x5c", "'", HIDDEN, "'")],
}

BYTES = {
    "NUL in the text": [message("Q", f"SELECT 1\0; {RENAME}\0".encode())],
    "NUL before the text": [message("Q", f"\0{RENAME}\0".encode())],
    "NUL within Parse": [message("P", f"\0SELECT 1\0; {RENAME}\0\0\0".encode()) + bind() + execute() + sync()],
    "no NUL at the end": [message("Q", RENAME.encode())],
    "invalid UTF-8 before": [raw("SELECT '", b"\xff", "'; ", RENAME)],
    "invalid UTF-8 that swallows the quote": [raw("SELECT '", b"\xe8", "'; ", RENAME, "; --'")],
    "overlong UTF-8 for a semicolon": [raw("SELECT 1", b"\xc0\xbb", RENAME), raw("SELECT 1", b"\xc0\xbb", " ", RENAME)],
    "full-width letters": [query("\uff21\uff2c\uff34\uff25\uff32 TABLE t RENAME TO u"), query(RENAME)],
    "lengths that lie": [query("SELECT 1")[:1] + b"\0\0\0\x0d" + b"SELECT 1\0" + query(RENAME)],
}
BYTES |= {
    "longer than what is judged": [query(f"SELECT '{'x' * (2 << 20)}'; {RENAME}")],
    "longer than what is judged, in front": [query(f"{RENAME}; SELECT '{'x' * (2 << 20)}'")],
    "longer than what is judged, by Parse": [parse(RENAME + " " * (2 << 20)) + bind() + execute() + sync()],
    "longer than what is judged, a comment": [query(f"/*{'x' * (2 << 20)}*/ {RENAME}")],
}

OTHERS = {
    "syntax that the parser does not know": [query("ALTER TABLE t RENAME TO u FROBNICATE"), query(RENAME)],
    "name that is a keyword of a newer PostgreSQL": [query("ALTER TABLE t RENAME TO system_user")],
    "function call message": [function_call(1, "x"), query(RENAME)],
    "message of an unknown type behind which it stands": [query("SELECT 1") + query(RENAME) + message("S")],
    "view over which it goes": [query("CREATE TEMP VIEW v AS SELECT 1; ALTER TABLE t RENAME TO u")],
    "rename of a column by a view's syntax": [query("ALTER VIEW t RENAME COLUMN c TO d")],
    "event trigger and others of the superuser": [query("SELECT 1; CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f(); " + RENAME)],
}

ALL = {**PLAIN, **ROWS, **SCHEMAS, **STATES, **PREPARED, **LITERALS, **ENCODINGS, **BYTES, **OTHERS}
