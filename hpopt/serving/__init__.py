"""The best model of a run behind one small HTTP endpoint."""
