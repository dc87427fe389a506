"""A project whose HOST and PORT point at Lockkeeper; `straight` is the same database by the direct way."""

import os
import sys

sys.modules["psycopg"] = None  # Django 4.2 wants a newer one than Debian 12 has; without it psycopg2 is taken

SECRET_KEY = "of the tests"


def database(port):
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": os.environ[port],
        "NAME": os.environ["PGDATABASE"],
        "USER": "postgres",
    }


DATABASES = {"default": database("LOCKKEEPER_PORT"), "straight": database("STRAIGHT_PORT")}
INSTALLED_APPS = ["django.contrib.postgres", "library"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
