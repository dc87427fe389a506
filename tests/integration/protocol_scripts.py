"""What the clients of tests/protocol/scripts send; the language is explained in tests/protocol/script.hpp."""

import pathlib
import re

from wire import bind, close, copy_data, describe, execute, flush, function_call, message, parse, query, text

SCRIPTS = pathlib.Path(__file__).resolve().parents[1] / "protocol/scripts"
# Their tables, as in tests/protocol/live.
TABLES = """
CREATE TABLE t (i int CHECK (i < 100));
CREATE TABLE deferred (i int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE barred (i int);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'barred'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON barred FOR EACH STATEMENT EXECUTE FUNCTION refuse();
"""


def encoded(tag, rest):
    first, _, second = rest.partition("/")
    match tag:
        case "Q":
            return query(rest)
        case "f":
            return message("f", text(rest))
        case "P":
            return parse(second, first)
        case "B":
            return bind(statement=second, portal=first)
        case "D":
            return describe(first, second)
        case "C":
            return close(first, second)
        case "E":
            return execute(first, int(second))
        case "F":
            return function_call(int(rest))
        case "d":
            return copy_data(rest.replace("\\n", "\n").encode())
        case "H":
            return flush()
        case _:
            return message(tag)


def sent(line):
    """The bytes of one line; b"" for what the server says, or what ends the session because it may not be said there."""
    command, *states = line.split("|")
    if not command.startswith(">") or [state.strip() for state in states][1:] == ["refused"]:
        return b""
    tag, _, rest = command[1:].strip().partition(" ")
    return encoded(tag[0], rest.strip())


def protocol_scripts():
    """name -> all bytes of the client, of every script that a real server can take part in."""
    found = {}
    for path in sorted(SCRIPTS.glob("*.hpp")):
        for name, script in re.findall(r'\{"(\w+)", source::server, R"\((.*?)\)"\}', path.read_text(encoding="utf-8"), re.S):
            found[name] = b"".join(sent(line.strip()) for line in script.strip().splitlines())
    assert len(found) > 50, "the scripts are written in another way than they were"
    return found
