"""The product's addresses, and what is written by hand to be measured beside them."""

from django.urls import path

from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as product
from tests.bench.casebyhand import case_data
from tests.bench.handwritten import by_crispy, by_hand

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("bench/literal/<int:pk>/", by_hand),
    path("bench/crispy/<int:pk>/", by_crispy),
    path("bench/commondata/<uuid:external_id>/", case_data),
    *product,
]
