"""The processes of a running node, from outside; for tests/e2e/test_processes.sh.

look PARENT HOME        one line for each child, with all that is not as docs/processes.md says
secrets PARENT FILE...  who has what is in these files (after "open" in a key's, base64) in memory
harm PARENT SECONDS DONE URL [SIGNAL...]
                        ends and stops children at random; a line in DONE for each: role, pid, signal
                        and how many seconds went by until the node was whole again
"""
import base64, collections, os, random, re, signal, ssl, sys, time, urllib.request

ROLES = ("keeper", "ledger", "api", "signer", "front", "match")
SOCKET, EVENTS, NULL = r"socket:\[\d+\]", r"anon_inode:\[event(fd|poll)\]", "/dev/null"


def status(pid):
    return dict(line.split(":\t", 1) for line in open("/proc/%d/status" % pid).read().splitlines() if ":\t" in line)


def children(parent):
    """[(role, pid)] of those that are no zombies"""
    found = []
    for pid in open("/proc/%d/task/%d/children" % (parent, parent)).read().split():
        try:
            with open("/proc/%s/stat" % pid) as f:
                comm, rest = f.read().split("(", 1)[1].rsplit(") ", 1)
        except OSError:
            continue
        if rest[0] not in "ZX" and comm.startswith("entente: "):
            found.append((comm[9:], int(pid)))
    return found


def state(pid):
    try:
        return open("/proc/%d/stat" % pid).read().rsplit(") ", 1)[1][0]
    except OSError:
        return "X"


# --- look ----------------------------------------------------------------------------------------


def allowed(role, home):
    """What may be behind descriptors of this role, besides 0 to 3; and in its memory of the home."""
    home = re.escape(home)
    own = r"/proc/\d+/stat"  # of the process itself: what it has used, for /metrics
    ledger = "%s/(log|lock|mirror|heads|withdrawn|exposed|pact|runs|heard|card|book).*" % home
    return {
        "front": [SOCKET, EVENTS, own, r"/memfd:.* \(deleted\)"],
        "api": [SOCKET, own],
        "match": [SOCKET],
        "signer": [SOCKET, "%s/(log|lock|pact|card).*" % home],
        "ledger": [SOCKET, own, ledger],
        "keeper": [SOCKET, own, home + "(/(?!keys|config).*)?"],
    }[role]


def descriptors(role, pid, home):
    wrong = []
    for fd in sorted(os.listdir("/proc/%d/fd" % pid), key=int):
        try:
            to = os.readlink("/proc/%d/fd/%s" % (pid, fd))
        except OSError:
            continue
        few = {0: [NULL], 1: [NULL], 2: [NULL] + ([".*"] if sanitized else []), 3: [SOCKET]}
        if not any(re.fullmatch(p, to) for p in few.get(int(fd), allowed(role, home))):
            wrong.append("fd %s is %s" % (fd, to))
    return wrong


def maps(role, pid, home):
    return ["has %s in memory" % l.split(None, 5)[5] for l in open("/proc/%d/maps" % pid).read().splitlines()
            if home in l and role != "keeper"]


def look_at(role, pid, parent, home, peeping):
    s, wrong = status(pid), []
    want = {"PPid": str(parent), "Seccomp": "2", "NoNewPrivs": "1", "CapEff": "0" * 16, "CapPrm": "0" * 16,
            "CapBnd": None, "CapInh": "0" * 16, "CapAmb": "0" * 16}
    for key, value in want.items():
        if value is not None and s[key] != value:
            wrong.append("%s is %s" % (key, s[key]))
    user, owner = set(s["Uid"].split()), str(os.stat(home).st_uid)
    parents = status(parent)["Uid"].split()[0]
    if len(user) != 1 or len(set(s["Gid"].split())) != 1:
        wrong.append("is more than one user")
    if parents == "0" and role != "keeper" and "0" in user | set(s["Gid"].split()) | set(s["Groups"].split()):
        wrong.append("is root")
    if role == "keeper" and user != {owner}:
        wrong.append("is not who owns the home")
    if peeping:
        if open("/proc/%d/environ" % pid).read().strip("\0").replace("ENTENTE_CPU", "") and not sanitized:
            wrong.append("has an environment")
        wrong += descriptors(role, pid, home) + maps(role, pid, home)
        if user != {"0"} and os.stat("/proc/%d/environ" % pid).st_uid != 0:
            wrong.append("is dumpable")
    else:
        for name in ("environ", "fd", "mem"):
            try:
                os.listdir("/proc/%d/fd" % pid) if name == "fd" else open("/proc/%d/%s" % (pid, name), "rb").read(0)
                wrong.append("shows its " + name)
            except OSError:
                pass
    return wrong


def look(parent, home):
    peeping = os.geteuid() == 0
    for role, pid in sorted(children(parent)):
        print(role, "; ".join(look_at(role, pid, parent, home, peeping)) or "as it should be")


# --- secrets -------------------------------------------------------------------------------------


def have(pid, secrets):
    """those of them that are in its memory"""
    found = set()
    with open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in open("/proc/%d/maps" % pid):
            span, rights = line.split()[:2]
            start, end = (int(x, 16) for x in span.split("-"))
            if rights[0] != "r" or line.endswith("[vvar]\n") or end - start > 1 << 30:
                continue
            try:
                mem.seek(start)
                bytes = mem.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            found |= {s for s in secrets if s in bytes}
    return found


def secrets(parent, files):
    wanted = {}
    for path in files:
        text = open(path).read()
        key = re.search("^open (.*)$", text, re.M)
        wanted[path] = base64.b64decode(key.group(1)) if key else text.strip().encode()
    everyone = [("parent", parent)] + sorted(children(parent))
    known = [(role, have(pid, wanted.values())) for role, pid in everyone]
    for path in files:
        print(os.path.basename(path), *sorted({role for role, has in known if wanted[path] in has}))


# --- harm ----------------------------------------------------------------------------------------


class Node:
    def __init__(self, parent, url):
        self.parent, self.url = parent, url
        self.tls = ssl._create_unverified_context()
        self.usual = collections.Counter(role for role, _ in children(parent))

    def is_whole(self):
        if collections.Counter(role for role, _ in children(self.parent)) != self.usual:
            return False
        try:
            return urllib.request.urlopen(self.url, timeout=5, context=self.tls).status == 200
        except OSError:
            return False

    def whole_after(self, most):
        start = time.monotonic()
        while time.monotonic() < start + most:
            if self.is_whole():
                return time.monotonic() - start
            time.sleep(0.05)
        return None


def strike(pid, sig):
    """True: it was alive, and that ended or stopped it. A process that stands still ends by nothing
    else meanwhile."""
    struck = False
    try:
        os.kill(pid, signal.SIGSTOP)
        for _ in range(1000):
            if state(pid) in "TXZ":
                break
            time.sleep(0.001)
        struck = state(pid) == "T"
        if struck and sig == signal.SIGSTOP:
            time.sleep(random.choice((0.05, 0.5, 2.5)))
        elif struck:
            os.kill(pid, sig)
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:  # or it has ended already, and by that
        pass
    return struck


def harm(parent, seconds, done, url, signals):
    node, until = Node(parent, url), time.monotonic() + seconds
    had = set()
    lived = {role: [] for role in ROLES}  # when its last deaths were: few in a row, then a minute
    while time.monotonic() < until or (had != set(ROLES) and time.monotonic() < until + 120):
        now = time.monotonic()
        tired = {role for role in ROLES if len(lived[role]) >= 4 and now - lived[role][-1] < 65}
        for role in ROLES:
            if lived[role] and now - lived[role][-1] >= 65:
                lived[role] = []
        victims = [(role, pid) for role, pid in children(parent) if role not in tired]
        hit = []
        there = {r for r, _ in victims}
        fresh = sorted(there - had) or sorted(there)  # each at least once
        for role in random.sample(fresh, min(len(fresh), random.choice((1, 1, 2)))):
            pid = random.choice([p for r, p in victims if r == role])
            sig = random.choice(signals)
            if strike(pid, sig):
                if sig != signal.SIGSTOP:
                    lived[role].append(time.monotonic())
                had.add(role)
                hit.append((role, pid, sig))
        took = node.whole_after(60)
        for role, pid, sig in hit:
            done.write("%s %d %d %s\n" % (role, pid, sig, "never" if took is None else "%.2f" % took))
        done.flush()
        time.sleep(random.choice((0, 0.1, 0.5, 1)))


if __name__ == "__main__":
    what, parent, rest = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    sanitized = b"__asan_init" in open("/proc/%d/exe" % parent, "rb").read() if os.geteuid() == 0 else False
    if what == "look":
        look(parent, rest[0])
    elif what == "secrets":
        secrets(parent, rest)
    else:
        harm(parent, float(rest[0]), open(rest[1], "a"), rest[2], [int(s) for s in rest[3:]])
