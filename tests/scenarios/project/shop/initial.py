"""The shop as it is before each scene; every scene's 0001_initial is this."""

from django.db import migrations, models

PARTITIONED = """
    CREATE TABLE shop_event (id bigserial PRIMARY KEY, kind varchar(20) NOT NULL, created timestamptz NOT NULL) PARTITION BY HASH (id);
    CREATE TABLE shop_event_0 PARTITION OF shop_event FOR VALUES WITH (MODULUS 4, REMAINDER 0);
    CREATE TABLE shop_event_1 PARTITION OF shop_event FOR VALUES WITH (MODULUS 4, REMAINDER 1);
    CREATE TABLE shop_event_2 PARTITION OF shop_event FOR VALUES WITH (MODULUS 4, REMAINDER 2);
    CREATE TABLE shop_event_3 PARTITION OF shop_event FOR VALUES WITH (MODULUS 4, REMAINDER 3)
"""


def big_id():
    return ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel("Customer", [big_id(), ("name", models.CharField(max_length=100))]),
        migrations.CreateModel("Visit", [big_id(), ("page", models.CharField(max_length=40)), ("seen", models.IntegerField(default=0))]),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(PARTITIONED)],
            [migrations.CreateModel("Event", [big_id(), ("kind", models.CharField(max_length=20)), ("created", models.DateTimeField())])],
        ),
        migrations.CreateModel(
            "Order",
            [
                ("id", models.AutoField(primary_key=True)),
                ("customer", models.ForeignKey(on_delete=models.CASCADE, to="shop.customer")),
                ("courier", models.ForeignKey(null=True, db_constraint=False, db_index=False, related_name="+",
                                              on_delete=models.DO_NOTHING, to="shop.customer")),
                ("number", models.CharField(max_length=20)),
                ("status", models.CharField(max_length=20, default="new")),
                ("currency", models.CharField(max_length=3, null=True)),
                ("quantity", models.IntegerField(null=True)),
                ("created", models.DateTimeField()),
                ("note", models.CharField(max_length=100, blank=True)),
                ("total", models.IntegerField(default=5)),
            ],
        ),
        migrations.AddIndex("Order", models.Index(fields=["created"], name="shop_order_created")),
    ]
