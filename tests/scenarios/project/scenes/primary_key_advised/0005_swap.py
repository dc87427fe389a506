"""The two columns change places, in one transaction: nobody sees a table without a key."""

from django.db import migrations, models

ANNOUNCED = '/* lockkeeper: allow {} reason="the two columns change places in this transaction" */ '
RENAMED = ANNOUNCED.format("column-renamed")


class Migration(migrations.Migration):
    dependencies = [("shop", "0004_big_id_ready")]
    operations = [
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL([
                    "ALTER TABLE shop_order DROP CONSTRAINT shop_order_pkey,"
                    " ADD CONSTRAINT shop_order_pkey PRIMARY KEY USING INDEX shop_order_big_id",
                    "DROP TRIGGER shop_order_big_id ON shop_order",
                    "DROP FUNCTION shop_order_big_id()",
                    RENAMED + "ALTER TABLE shop_order RENAME COLUMN id TO small_id",
                    RENAMED + "ALTER TABLE shop_order RENAME COLUMN big_id TO id",
                    "ALTER TABLE shop_order ALTER COLUMN id SET DEFAULT nextval('shop_order_id_seq'), ALTER COLUMN small_id DROP DEFAULT,"
                    " ALTER COLUMN small_id DROP NOT NULL",
                    "ALTER SEQUENCE shop_order_id_seq AS bigint MAXVALUE 9223372036854775807 OWNED BY shop_order.id",
                ])
            ],
            [migrations.AlterField("order", "id", models.BigAutoField(primary_key=True))],
        )
    ]
