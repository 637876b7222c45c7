import jsonschema
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker, ValidationError, validate

schema = {"type": "object", "properties": {"a": {"type": "integer"}, "e": {"format": "email"}}, "required": ["a"]}
validate({"a": 1}, schema)
for validator in (Draft7Validator, Draft202012Validator):
    validator.check_schema(schema)
    errors = list(validator(schema, format_checker=FormatChecker()).iter_errors({"a": "x", "e": "no"}))
    assert len(errors) == 2 and jsonschema.exceptions.best_match(errors)
