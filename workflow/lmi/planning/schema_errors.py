"""The schema's errors in words: where, expected, found, how to mend."""

from lmi.data.sources import suggest
from lmi.planning.plain import path_text

TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping (key: value)",
    "array": "a list",
}


def rank(error):
    """Order errors: unknown keys first, since a mistyped key often causes another error."""
    return error.validator != "additionalProperties", [str(p) for p in error.absolute_path]


def message(error):
    """Return one message for a schema error: where, expected, found, how to mend."""
    where, found, rule = path_text(error.absolute_path), error.instance, error.validator_value
    meaning = " ".join(error.schema.get("description", "").split())
    meaning = f". {where.split('.')[-1]}: {meaning}" if meaning else ""
    if "propertyNames" in error.absolute_schema_path:
        return (
            f"{where}: the name '{found}' should start with a letter or digit and have only "
            "letters, digits, '.', '_' and '-', because folders are named after it. Rename it"
        )
    match error.validator:
        case "additionalProperties":
            return _unknown_key(where, found, error.schema)
        case "required":
            missing = next(key for key in rule if key not in found)
            return f"{where}: the key '{missing}' is missing. Add it{meaning}"
        case "type":
            return _wrong_type(where, found, rule) + meaning
        case "enum":
            choices = [str(one).lower() if isinstance(one, bool) else one for one in rule]
            near = suggest(found, choices)
            return f"{where}: expected one of {', '.join(choices)}; found {found!r}{near}{meaning}"
        case "minimum":
            return f"{where}: expected at least {rule}, found {found}{meaning}"
        case "maximum":
            return f"{where}: expected at most {rule}, found {found}{meaning}"
        case "exclusiveMinimum":
            return f"{where}: expected more than {rule}, found {found}{meaning}"
        case "exclusiveMaximum":
            return f"{where}: expected less than {rule}, found {found}{meaning}"
        case "minItems" | "minProperties" | "maxItems" | "maxProperties":
            bound = "at least" if error.validator.startswith("min") else "at most"
            return f"{where}: expected {bound} {rule} entries, found {len(found)}{meaning}"
        case "minLength":
            return f"{where}: expected some text, found an empty one{meaning}"
        case "pattern":
            return (
                f"{where}: expected letters, digits, '.', '_' and '-', with a letter or digit "
                f"first; found {found!r}{meaning}"
            )
        case "uniqueItems":
            return f"{where}: expected each entry once, found {found}{meaning}"
    return f"{where}: {error.message}{meaning}"


def _unknown_key(where, found, rules):
    keys = list(rules["properties"])
    unknown = [key for key in found if key not in keys]
    prefix = "" if where == "top level" else f"{where}."
    return (
        f"unknown key '{prefix}{unknown[0]}'{suggest(unknown[0], keys)}. Expected keys: "
        f"{', '.join(keys)}. Correct or remove it"
    )


def _wrong_type(where, found, types):
    types = [types] if isinstance(types, str) else types
    message = f"{where}: expected {' or '.join(TYPES[t] for t in types)}, found "
    if found is None:
        return message + "nothing. Give a value, or remove the key"
    message += "a mapping" if isinstance(found, dict) else repr(found)
    if isinstance(found, bool) and "string" in types:
        return f"{message}. Put it in quotes (YAML reads on, off, yes and no as truth values)"
    if isinstance(found, int | float) and types == ["string"]:
        return f"{message}. Put it in quotes"
    if isinstance(found, str) and {"number", "integer"} & set(types):
        try:
            number = float(found)
        except ValueError:
            return message
        if "e" not in found.lower():
            return f"{message}, which is text. Remove the quotes"
        mantissa, exponent = found.lower().split("e")
        plain = f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent):+d}"
        return (
            f"{message}, which YAML reads as text: it needs a decimal point and a signed "
            f"exponent. Write {plain} ({number:g}), without quotes"
        )
    return message
