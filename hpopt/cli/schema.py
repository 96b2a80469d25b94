"""`hpopt schema`: the JSON Schema of the YAML, for editors."""

from __future__ import annotations

from hpopt.cli.options import Json


def schema_command(as_json: Json = False) -> None:
    """Print the JSON Schema of a config, for editors.

    hpopt schema > hpopt.schema.json, and as the first line of a config beside it:
    # yaml-language-server: $schema=hpopt.schema.json
    """
    import json

    from hpopt.config.json_schema import config_schema

    print(json.dumps(config_schema(), indent=None if as_json else 2))
