import yaml
assert yaml.__with_libyaml__
for loader in (yaml.SafeLoader, yaml.CSafeLoader):
    assert yaml.load("a: [1, 2.5, 2020-01-01]\nb: &x !!set {c}\nd: *x", loader)["a"][0] == 1
assert yaml.safe_dump({"b": [1], "a": "ü"}, allow_unicode=True) == "a: ü\nb:\n- 1\n"
