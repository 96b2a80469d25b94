"""The OpenAPI description of a model's endpoint, made of what `best/data.json` says."""

from __future__ import annotations

from typing import Any

from hpopt.data.prepared import Prepared
from hpopt.errors import DataError
from hpopt.predicting import Model
from hpopt.version import VERSION

_TYPES = {
    "numeric": ["number", "string", "null"],  # a text as a file may write it: 1,5 or 3 %
    "boolean": ["boolean", "string", "number", "null"],
    "date": ["string", "number", "null"],
}


def openapi(model: Model, most_bytes: int, most_rows: int) -> dict[str, Any]:
    """The description: what can be asked, what a row is, and what is answered."""
    row = _row(model.data)
    said = {"type": "object", "properties": {name: _said(model, name) for name in model.columns}}
    errors = {
        "400": "the request can't be read",
        "413": f"more than {most_bytes} bytes, or more than {most_rows} rows",
        "415": "neither application/json nor text/csv",
        "422": "the rows do not fit the model; the error says which, and what would be right",
        "503": "too many requests wait",
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"hpopt: {model.data.target_name or model.data.output.name}",
            "version": VERSION,
            "description": f"The best model of {model.run.path.name}.",
        },
        "paths": {
            "/predict": {
                "post": {
                    "summary": "What the model says of rows, one for each, in their order.",
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["rows"],
                                    "properties": {
                                        "rows": {
                                            "type": "array",
                                            "minItems": 1,
                                            "maxItems": most_rows,
                                            "items": row,
                                        }
                                    },
                                }
                            },
                            "text/csv": {"schema": {"type": "string"}},
                        },
                    },
                    "responses": {
                        "200": {
                            "description": "The predictions, and notes on what did not fit.",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "type": "object",
                                        "properties": {
                                            "predictions": {"type": "array", "items": said},
                                            "notes": {
                                                "type": "array",
                                                "items": {"type": "string"},
                                            },
                                        },
                                    }
                                }
                            },
                        },
                        **{code: {"description": text} for code, text in errors.items()},
                    },
                }
            },
            "/health": {
                "get": {
                    "summary": "Whether the model is there.",
                    "responses": {"200": {"description": "It is."}},
                }
            },
            "/schema": {
                "get": {
                    "summary": "This description.",
                    "responses": {"200": {"description": "It, as JSON."}},
                }
            },
        },
    }


def _row(data: Prepared) -> dict[str, Any]:
    """What one row is: an object of columns, an array of numbers, or either."""
    forms = []
    kinds = {column["name"]: column["kind"] for column in data.columns}
    try:
        names = list(data.features.columns_needed())
    except DataError:
        names = []
    if names:
        types = {name: _TYPES.get(kinds.get(name, "numeric"), _ANY) for name in names}
        properties = {name: {"type": types[name]} for name in names}
        forms.append({"type": "object", "required": names, "properties": properties})
    if not data.columns:
        array: dict[str, Any] = {"type": "number"}
        for size in reversed(data.features.input_shape):
            length = {} if size is None else {"minItems": size, "maxItems": size}
            array = {"type": "array", "items": array, **length}
        forms.append(array)
    return forms[0] if len(forms) == 1 else {"oneOf": forms}


_ANY = ["string", "number", "boolean", "null"]


def _said(model: Model, name: str) -> dict[str, Any]:
    if name == model.data.output.name and model.data.labels:
        return {"type": "string", "enum": list(model.data.labels)}
    return {"type": "number"}
