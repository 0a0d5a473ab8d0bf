"""The desk's room for cases, part by part. `cases.admin` puts them together."""
