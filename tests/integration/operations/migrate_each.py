"""Migrates to each target in turn: migrate_each.py DIRECTORY PG_DUMP TARGET...

Each schema stands in DIRECTORY under the number of its step, with the rows of django_migrations behind it; beside it, where
the way through Lockkeeper refused the migration, the error: the migration then goes straight. PG_DUMP is a command that
prints the schema. A target with "!" before it is announced: Lockkeeper knows it by its application_name.
"""

import os
import pathlib
import shlex
import subprocess
import sys

import django
from django.core.management import call_command
from django.db import DatabaseError, connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()


def migrate(target, database):
    call_command("migrate", "library", target, database=database, verbosity=0, interactive=False)


def refused(target, step):
    """In a process of its own: an operation of Django's that fails on its way back keeps names swapped (RenameModel)."""
    child = os.fork()
    if child == 0:
        try:
            migrate(target, "default")
        except DatabaseError as error:
            step.with_suffix(".error").write_text(str(error))
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def applied():
    with connections["straight"].cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        rows = cursor.fetchall()
    connections["straight"].close()  # a child would share it
    return "".join(f"{app} {name}\n" for app, name in rows)


directory, pg_dump, *targets = sys.argv[1:]
for number, word in enumerate(targets):
    target = word.lstrip("!")
    step = pathlib.Path(directory, f"{number:02}-{target}")
    os.environ["PGAPPNAME"] = "manage.py announced" if word.startswith("!") else "manage.py"
    if refused(target, step):
        migrate(target, "straight")
    schema = subprocess.run(shlex.split(pg_dump), check=True, capture_output=True, text=True).stdout
    step.with_suffix(".sql").write_text(schema + applied())
