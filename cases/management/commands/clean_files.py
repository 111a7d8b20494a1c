import datetime as dt

from django.core.management.base import BaseCommand
from django.utils import timezone

from cases.domain.rotation import remove_orphans


class Command(BaseCommand):
    help = "Delete stored files that belong to no attachment, document or template, left behind by what was cut off."

    def add_arguments(self, parser):
        parser.add_argument("--hours", type=int, default=24, help="Only files older than this (default: 24).")

    def handle(self, *, hours: int, **options):
        deleted = remove_orphans(older_than=timezone.now() - dt.timedelta(hours=max(hours, 1)))
        self.stdout.write(f"{deleted:,} files deleted.")
