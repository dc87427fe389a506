"""Migrates the shop to each target in turn and keeps the schema after each: steps.py DIRECTORY PG_DUMP TARGET...

Each schema stands in DIRECTORY under the number of its step. PG_DUMP is a command that prints it.
"""

import os
import pathlib
import shlex
import subprocess
import sys

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shopsite.settings")
django.setup()

directory, pg_dump, *targets = sys.argv[1:]
for number, target in enumerate(targets):
    call_command("migrate", "shop", target, verbosity=0, interactive=False)
    schema = subprocess.run(shlex.split(pg_dump), check=True, capture_output=True, text=True).stdout
    pathlib.Path(directory, f"{number:02}-{target}.sql").write_text(schema)
