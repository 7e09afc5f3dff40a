"""The schema by revision: one Alembic chain for both engines, expand only."""
