"""Sigma rules, slowly: which events would these rules report?

sigma.py RULES.yml EVENTS.jsonl    the numbers of the lines that a rule hits
sigma.py --check RULES.yml         what the specification (2.1) demands of each rule

An event is a JSON object; its "category" is the log source. Written after the specification and
nothing else, and only for what it says of maps, lists, cased, startswith, endswith, contains, cidr
and conditions "1 of NAME*".
"""
import datetime
import fnmatch
import ipaddress
import json
import re
import sys
import uuid

import yaml

LEVELS = {"informational", "low", "medium", "high", "critical"}
STATES = {"stable", "test", "experimental", "deprecated", "unsupported"}
TLP = {"tlp.red", "tlp.amber", "tlp.amber-strict", "tlp.green", "tlp.clear"}


def tokens(value):
    """Characters, and None and True for ? and *; a backslash escapes these two and itself."""
    out, i = [], 0
    while i < len(value):
        if value[i] == "\\" and value[i + 1 : i + 2] in ("\\", "*", "?"):
            i += 1
            out.append(value[i])
        else:
            out.append({"?": None, "*": True}.get(value[i], value[i]))
        i += 1
    return out


def holds(event, key, value):
    field, *modifiers = key.split("|")
    if field not in event:
        return False
    seen = event[field]
    if "cidr" in modifiers:
        assert modifiers == ["cidr"]
        return ipaddress.ip_address(seen) in ipaddress.ip_network(value)
    if isinstance(value, int):
        return seen == value
    want = tokens(value)
    if "startswith" in modifiers or "contains" in modifiers:
        want = want + [True]
    if "endswith" in modifiers or "contains" in modifiers:
        want = [True] + want
    assert set(modifiers) <= {"startswith", "endswith", "contains", "cased"}, key
    form = "".join("." if t is None else ".*" if t is True else re.escape(t) for t in want)
    flags = re.DOTALL | (0 if "cased" in modifiers else re.IGNORECASE)
    return re.fullmatch(form, seen, flags) is not None


def selected(event, selection):
    if isinstance(selection, list):
        return any(selected(event, one) for one in selection)
    return all(
        any(holds(event, key, v) for v in (value if isinstance(value, list) else [value]))
        for key, value in selection.items()
    )


def hits(rule, event):
    if event["category"] != rule["logsource"]["category"]:
        return False
    detection = dict(rule["detection"])
    names = re.fullmatch(r"1 of (\S+)", detection.pop("condition")).group(1)
    return any(selected(event, s) for n, s in detection.items() if fnmatch.fnmatchcase(n, names))


def values(node):
    for v in node.values() if isinstance(node, dict) else node:
        if isinstance(v, (dict, list)):
            yield from values(v)
        else:
            yield v


def check(rules):
    assert len({r["id"] for r in rules}) == len(rules), "two rules with one id"
    for r in rules:
        assert 0 < len(r["title"]) <= 256
        assert str(uuid.UUID(r["id"])) == r["id"] and uuid.UUID(r["id"]).version == 5
        assert r["status"] in STATES and r["level"] in LEVELS
        assert isinstance(r["description"], str) and len(r["description"]) <= 65535
        assert isinstance(r["author"], str)
        assert isinstance(r["date"], datetime.date) and r["date"] <= r["modified"]
        assert r["tags"] and set(r["tags"]) <= TLP
        assert r["logsource"].keys() == {"category"}
        assert all(isinstance(f, str) and len(f) >= 2 for f in r["falsepositives"])
        assert r["detection"].keys() > {"condition"}
        assert all(isinstance(v, (str, int)) and v != "" for v in values(r["detection"]))
        for s in r["detection"].values():
            n = len(list(values(s))) if isinstance(s, dict) else len(s)
            assert 0 < n <= 1000 or isinstance(s, str), n


def main():
    path = sys.argv[2] if sys.argv[1] == "--check" else sys.argv[1]
    with open(path, encoding="utf-8") as f:
        rules = [r for r in yaml.safe_load_all(f) if r is not None]
    if sys.argv[1] == "--check":
        check(rules)
        print(len(rules))
        return
    with open(sys.argv[2], encoding="utf-8") as f:
        for n, line in enumerate(f.read().split("\n"), 1):
            if line and any(hits(r, json.loads(line)) for r in rules):
                print(n)


main()
