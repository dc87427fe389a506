"""Settings with every contrib app that has migrations, for `python -m django`."""

import os
import sys

sys.modules["psycopg"] = None  # Django 4.2 wants a newer one than Debian 12 has; without it psycopg2 is taken

SECRET_KEY = "of the tests"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("PGHOST", "127.0.0.1"),
        "PORT": os.environ.get("PGPORT", "5432"),
        "NAME": os.environ.get("PGDATABASE", "postgres"),
        "USER": "postgres",
    }
}
INSTALLED_APPS = ["django.contrib." + app for app in (
    "contenttypes", "auth", "admin", "sessions", "sites", "flatpages", "redirects")]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
SITE_ID = 1
USE_TZ = True
SILENCED_SYSTEM_CHECKS = [f"admin.E{number}" for number in (403, 406, 408, 409, 410)]  # no page is ever served
