"""stix_valid.py SCHEMAS < bundle: check each object of a bundle with OASIS's JSON schemas of STIX 2.1,
and the rules that they cannot say: ids stand once, what is referred to by the objects' markings and
authors is there. Prints what is wrong and ends with 1."""
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
from jsonschema import Draft202012Validator, RefResolver  # noqa: E402

BASE = "http://raw.githubusercontent.com/oasis-open/cti-stix2-json-schemas/stix2.1/schemas/"
root = sys.argv[1]
store, by_type = {}, {}
for folder in ("common", "sdos", "sros", "observables"):
    for name in os.listdir(os.path.join(root, folder)):
        schema = json.load(open(os.path.join(root, folder, name)))
        schema["$id"] = BASE + folder + "/" + name
        store[schema["$id"]] = schema
        by_type.setdefault(name[:-5], schema)


def validator(schema):
    return Draft202012Validator(schema, resolver=RefResolver(schema["$id"], schema, store))


checks = {t: validator(s) for t, s in by_type.items()}
bundle = json.load(sys.stdin)
wrong, seen = [], set()
ids = {o["id"] for o in bundle["objects"]}
for o in bundle["objects"]:
    if o["id"] in seen:
        wrong.append("%s stands twice" % o["id"])
    seen.add(o["id"])
    for ref in [o.get("created_by_ref")] + o.get("object_marking_refs", []):
        if ref is not None and ref not in ids:
            wrong.append("%s: %s is not there" % (o["id"], ref))
    check = checks.get(o["type"])
    if check is None:
        wrong.append("%s: no schema" % o["id"])
        continue
    for e in check.iter_errors(o):
        wrong.append("%s: %s: %s" % (o["id"], "/".join(map(str, e.path)), e.message[:200]))
if bundle.get("type") != "bundle" or not bundle.get("id", "").startswith("bundle--"):
    wrong.append("no bundle")
for w in wrong[:40]:
    print(w)
print("%d objects, %d errors" % (len(bundle["objects"]), len(wrong)))
sys.exit(1 if wrong or not bundle["objects"] else 0)
