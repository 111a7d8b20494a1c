import django.db.models.deletion
from django.db import migrations, models

# the file of older warnings is not known where a run had several: its first
FILES = """
UPDATE cases_importwarning w SET file_id = (
  SELECT f.id FROM cases_importfile f WHERE f.run_id = w.run_id ORDER BY f.position LIMIT 1)"""
DOUBLE_CLOCKS = """
DELETE FROM cases_clock k USING cases_clock newer
 WHERE newer.case_id = k.case_id AND newer.rule_id = k.rule_id AND newer.id > k.id"""


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0003_merchant_code_written'),
    ]

    operations = [
        migrations.AddField(
            model_name='casereference',
            name='source_digest',
            field=models.BinaryField(null=True, verbose_name='keyed digest of the source row'),
        ),
        migrations.AlterField(
            model_name='casereference',
            name='source',
            field=models.CharField(blank=True, max_length=40, verbose_name='source'),
        ),
        migrations.AddField(
            model_name='importdifference',
            name='open',
            field=models.BooleanField(default=True, verbose_name='to reconcile'),
        ),
        migrations.RemoveConstraint(
            model_name='importwarning',
            name='cases_importwarning_once',
        ),
        migrations.AddField(
            model_name='importwarning',
            name='file',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.importfile', verbose_name='file'),
        ),
        migrations.RunSQL(FILES, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='importwarning',
            name='file',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.importfile', verbose_name='file'),
        ),
        migrations.AddConstraint(
            model_name='importwarning',
            constraint=models.UniqueConstraint(fields=('file', 'rule', 'column', 'value'), name='cases_importwarning_once'),
        ),
        migrations.RunSQL(DOUBLE_CLOCKS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='clock',
            constraint=models.UniqueConstraint(fields=('case', 'rule'), name='cases_clock_once'),
        ),
        migrations.AlterField(
            model_name='clock',
            name='case',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='clocks', to='cases.case', verbose_name='case'),
        ),
    ]
