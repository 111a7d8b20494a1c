from django.db import migrations, models

from core.pinyin import pinyin_key

BATCH = 5000


def fill(apps, schema_editor):
    """The key of each merchant that has none, by batches."""
    merchants = apps.get_model("registry", "Merchant").objects.using(schema_editor.connection.alias)
    last = 0
    while rows := list(
        merchants.filter(pk__gt=last).order_by("pk").values_list("pk", "name_key")[:BATCH]
    ):
        last = rows[-1][0]
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                "UPDATE registry_merchant m SET pinyin = t.pinyin"
                " FROM unnest(%s::bigint[], %s::text[]) AS t(id, pinyin) WHERE m.id = t.id",
                [[pk for pk, _ in rows], [pinyin_key(name) for _, name in rows]],
            )


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_initial")]
    operations = [
        migrations.AddField(
            "merchant",
            "pinyin",
            models.CharField(db_collation="C", default="", editable=False, max_length=128),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            "merchant", models.Index(fields=["pinyin", "id"], name="registry_merchant_pinyin")
        ),
    ]
