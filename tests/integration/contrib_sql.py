"""Prints what `sqlmigrate` prints of every migration, in the order of the plan: one process for all of them."""

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

django.setup()
executor = MigrationExecutor(connection)
for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()):
    print(f"-- {migration.app_label} {migration.name}")
    call_command("sqlmigrate", migration.app_label, migration.name, skip_checks=True)
    print()
