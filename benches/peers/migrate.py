"""The migrations of migrate.rs with tomlkit: each document is read, led through three versions, checked and written."""

import json
import os
import pathlib

import jsonschema
import tomlkit


def rename(document, old, new):
    """Under another name in the same place, with its comments. There is no public way."""
    if old in document:
        document._replace(old, new, document[old])


def one_to_two(document):
    rename(document, "threshold", "close_above")
    document["interval"] = f"{document['interval']}s"
    document["schema_version"] = 2


def two_to_three(document):
    if document["mode"] == "auto":
        document["mode"] = "automatic"
    document.remove("legacy")
    for zone in document["zones"]:
        zone.setdefault("flow", 2.5)
    document["schema_version"] = 3


def three_to_four(document):
    rename(document, "mqtt", "broker")
    document.setdefault("retries", 3)
    document["schema_version"] = 4


schema = json.loads(pathlib.Path("4.schema.json").read_text())
validator = jsonschema.Draft202012Validator(schema)
for path in sorted(pathlib.Path("plugins").glob("*.toml")):
    document = tomlkit.parse(path.read_text())
    for step in (one_to_two, two_to_three, three_to_four):
        step(document)
    text = tomlkit.dumps(document).replace("1.schema.json", "4.schema.json", 1)
    validator.validate(document.unwrap())
    staged = path.with_suffix(".new")
    staged.write_text(text)
    os.replace(staged, path)
