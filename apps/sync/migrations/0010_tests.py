from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0009_reconcile'),
    ]

    operations = [
        migrations.AddField(
            model_name='receiver',
            name='takes_tests',
            field=models.BooleanField(default=False, help_text='It is sent the cases that come of testing a version, marked as tests. Only for a receiver that is there to test against.', verbose_name='gets tests too'),
        ),
    ]
