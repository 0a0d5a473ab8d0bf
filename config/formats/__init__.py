"""How Django's own pages write dates and times in each language: as the rest of the product does."""
