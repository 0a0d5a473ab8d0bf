from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('applications', '0010_interface'),
        ('cases', '0013_interface'),
        ('people', '0006_interface'),
        ('services', '0004_builder'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='case',
            index=models.Index(fields=['service', 'told_at', 'id'], name='case_of_service_by_change'),
        ),
    ]
