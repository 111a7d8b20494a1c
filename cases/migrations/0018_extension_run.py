"""Extensions name the run of the term that they lengthen; reports stand under the orders, as complaints do."""

from django.db import migrations, models

# the run that an extension has lengthened so far is that which the clock tells
RUNS = """
UPDATE cases_extension AS extension SET started_on = coalesce(
    (SELECT clock.started_on FROM cases_clock AS clock JOIN cases_clockrule AS rule ON rule.id = clock.rule_id
     WHERE clock.case_id = extension.case_id AND rule.code IN (extension.code, extension.code || '_extended')
     ORDER BY clock.id LIMIT 1),
    (extension.asked_at AT TIME ZONE 'Asia/Shanghai')::date)
"""
# a report was named after the version of the penalty procedure by which it is verified
REGIMES = """
UPDATE cases_case SET regime = CASE
    WHEN received_at < '2020-01-01 00:00+08' THEN ''
    WHEN received_at < '2026-04-15 00:00+08' THEN 'order20'
    ELSE 'order121' END
WHERE kind = 'report' AND regime IN ('order2', 'order42')
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0017_case_origin")]

    operations = [
        migrations.RemoveConstraint(model_name="extension", name="cases_extension_granted_once"),
        migrations.AddField("extension", "started_on", models.DateField(null=True, verbose_name="started on")),
        migrations.RunSQL(RUNS, migrations.RunSQL.noop),
        migrations.RunSQL(REGIMES, migrations.RunSQL.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField("extension", "started_on", models.DateField(verbose_name="started on")),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.UniqueConstraint(
                condition=models.Q(("granted", True)),
                fields=("case", "code", "started_on"),
                name="cases_extension_granted_once",
            ),
        ),
    ]
