from django.db import migrations, models

RENAME = """
UPDATE pledges_breach SET evidence = jsonb_set(evidence, '{by}', '"%s"') WHERE evidence ->> 'by' = '%s'"""


class Migration(migrations.Migration):
    dependencies = [("pledges", "0007_premises_of_merchant")]

    operations = [
        migrations.AlterField(
            model_name="breach",
            name="counts_on",
            field=models.DateField(editable=False, verbose_name="day of the dispute or receipt"),
        ),
        migrations.RunSQL(RENAME % ("dispute", "purchase"), RENAME % ("purchase", "dispute")),
    ]
