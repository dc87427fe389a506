"""The settings of an ordinary project. Pointing HOST and PORT at Lockkeeper is all that changes.

SHOP_MIGRATIONS and SHOP_VERSION stand for what a deploy brings: the migrations of one scene, and the version of the application.
"""

import os

SECRET_KEY = "of the scenarios"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "shopsite.urls"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ.get("SHOP_HOST", "127.0.0.1"),
        "PORT": os.environ.get("SHOP_PORT", "6432"),
        "NAME": os.environ.get("SHOP_DATABASE", "shop"),
        "USER": os.environ.get("SHOP_USER", "postgres"),
        "CONN_MAX_AGE": None,
    }
}
INSTALLED_APPS = ["shop"]
MIGRATION_MODULES = {"shop": "scenes." + os.environ.get("SHOP_MIGRATIONS", "nothing")}
SHOP_VERSION = os.environ.get("SHOP_VERSION", "first")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING_CONFIG = None  # else each failed request writes a report to nobody, which takes longer than the request
