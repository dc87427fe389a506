"""A field of the new type. Until the application writes it, a trigger does."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddField("order", "amount", models.BigIntegerField(null=True)),
        migrations.RunSQL([
            "CREATE FUNCTION shop_order_amount() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN NEW.amount := NEW.total; RETURN NEW; END'",
            "CREATE TRIGGER shop_order_amount BEFORE INSERT OR UPDATE ON shop_order"
            " FOR EACH ROW EXECUTE FUNCTION shop_order_amount()",
        ]),
    ]
