"""Writes the files of this folder that follow from the program: `python docs/generate.py`."""

import json
from pathlib import Path

from hpopt.config.json_schema import config_schema
from hpopt.config.reference import configuration_page

FOLDER = Path(__file__).parent

schema = config_schema()
(FOLDER / "hpopt.schema.json").write_text(json.dumps(schema, indent=2) + "\n")
(FOLDER / "configuration.md").write_text(configuration_page(schema))
