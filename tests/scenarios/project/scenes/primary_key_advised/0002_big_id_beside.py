"""A column of the new type, kept in step by a trigger."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.RunSQL([
            "ALTER TABLE shop_order ADD COLUMN big_id bigint",
            "CREATE FUNCTION shop_order_big_id() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN NEW.big_id := NEW.id; RETURN NEW; END'",
            "CREATE TRIGGER shop_order_big_id BEFORE INSERT OR UPDATE ON shop_order"
            " FOR EACH ROW EXECUTE FUNCTION shop_order_big_id()",
        ])
    ]
