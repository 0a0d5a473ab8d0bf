from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0011_builder'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('is_test', True)), fields=['service'], name='case_test'),
        ),
    ]
