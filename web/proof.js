// proof.js: proofs of the ledger, computed here. Nothing in this file believes the node but for the
// keys of the pact: hashes by WebCrypto's SHA-256 (RFC 6962 trees), signatures by its Ed25519 where
// the browser has it (C2SP signed-note, tlog-checkpoint, tlog-cosignature).
import { T } from "./strings.js";

const D = T.ledger.detail;
const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true });

// --- bytes --------------------------------------------------------------------------------------

export function bytesOf(b64) {
    const s = atob(b64), out = new Uint8Array(s.length);
    for (let i = 0; i < s.length; i++) out[i] = s.charCodeAt(i);
    if (base64(out) !== b64) throw new Error(D.malformed); // one text for each value
    return out;
}
export function base64(bytes) {
    let s = "";
    for (let i = 0; i < bytes.length; i += 4096) s += String.fromCharCode(...bytes.subarray(i, i + 4096));
    return btoa(s);
}
export const hex = (b) => Array.from(b, (v) => v.toString(16).padStart(2, "0")).join("");
const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);
function join(...parts) {
    const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of parts) { out.set(p, at); at += p.length; }
    return out;
}
export const sha256 = async (b) => new Uint8Array(await crypto.subtle.digest("SHA-256", b));
export const leafHash = (entry) => sha256(join(Uint8Array.of(0), entry));
const nodeHash = (l, r) => sha256(join(Uint8Array.of(1), l, r));

// --- trees (RFC 9162, 2.1.3.2 and 2.1.4.2) ------------------------------------------------------

// The root that this path leads to; an error when it cannot be one.
export async function rootOfPath(leaf, index, size, path) {
    let fn = BigInt(index), sn = BigInt(size) - 1n, r = leaf;
    if (fn < 0n || fn > sn) throw new Error(D.path);
    for (const p of path) {
        if (sn === 0n || p.length !== 32) throw new Error(D.path);
        if ((fn & 1n) === 1n || fn === sn) {
            r = await nodeHash(p, r);
            while ((fn & 1n) === 0n && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
        } else {
            r = await nodeHash(r, p);
        }
        fn >>= 1n;
        sn >>= 1n;
    }
    if (sn !== 0n) throw new Error(D.path);
    return r;
}

// Whether the first `from` leaves of the second tree are those of the first.
export async function isBeginning(from, fromRoot, to, toRoot, path) {
    if (from < 1 || from > to) return false;
    if (from === to) return path.length === 0 && same(fromRoot, toRoot);
    let fn = BigInt(from) - 1n, sn = BigInt(to) - 1n;
    const list = [...path];
    if ((BigInt(from) & (BigInt(from) - 1n)) === 0n) list.unshift(fromRoot);
    if (list.length === 0 || list.some((p) => p.length !== 32)) return false;
    while ((fn & 1n) === 1n) { fn >>= 1n; sn >>= 1n; }
    let fr = list[0], sr = list[0];
    for (const c of list.slice(1)) {
        if (sn === 0n) return false;
        if ((fn & 1n) === 1n || fn === sn) {
            fr = await nodeHash(c, fr);
            sr = await nodeHash(c, sr);
            while ((fn & 1n) === 0n && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
        } else {
            sr = await nodeHash(sr, c);
        }
        fn >>= 1n;
        sn >>= 1n;
    }
    return sn === 0n && same(fr, fromRoot) && same(sr, toRoot);
}

// --- signed notes -------------------------------------------------------------------------------

const NOTE = 1, COSIGN = 4;

export function parseNote(bytes) {
    const s = text.decode(bytes), at = s.indexOf("\n\n");
    if (at < 0 || !s.endsWith("\n")) throw new Error(D.malformed);
    const sigs = s.slice(at + 2, -1).split("\n").map((line) => {
        const m = /^\u2014 (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line);
        if (!m) throw new Error(D.malformed);
        const b = bytesOf(m[2]);
        if (b.length < 5) throw new Error(D.malformed);
        return { name: m[1], id: b.subarray(0, 4), sig: b.subarray(4) };
    });
    return { text: s.slice(0, at + 1), sigs };
}

async function keyId(name, type, key) {
    return (await sha256(join(utf8.encode(name + "\n"), Uint8Array.of(type), key))).subarray(0, 4);
}

// true, false, or null where the browser has no Ed25519.
async function ed25519(key, sig, message) {
    let k;
    if (sig.length !== 64) return false;
    try {
        k = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    } catch (e) {
        if (e.name === "NotSupportedError" || e.name === "SyntaxError") return null;
        return false;
    }
    return crypto.subtle.verify({ name: "Ed25519" }, k, sig, message);
}

// By this key: true, false, null (no Ed25519), or undefined when it did not sign. With a key's id
// and a wrong signature, or two of them, it is false: as ent_note_check() has it.
async function signedBy(note, name, key, type) {
    const id = await keyId(name, type, key);
    const mine = note.sigs.filter((x) => x.name === name && same(x.id, id));
    if (mine.length === 0) return undefined;
    if (mine.length > 1) return false;
    const [{ sig }] = mine;
    if (type === NOTE) return ed25519(key, sig, utf8.encode(note.text));
    if (sig.length !== 72) return false;
    const at = new DataView(sig.buffer, sig.byteOffset, 8).getBigUint64(0);
    if (at < 1n || at > 0x7fffffffffffffffn) return false;
    return ed25519(key, sig.subarray(8), utf8.encode(`cosignature/v1\ntime ${at}\n` + note.text));
}

function parseHead(note) {
    const lines = note.text.split("\n");
    if (lines.length !== 4 || lines[3] !== "" || !/^(0|[1-9][0-9]{0,15})$/.test(lines[1])) throw new Error(D.malformed);
    const root = bytesOf(lines[2]);
    if (root.length !== 32) throw new Error(D.malformed);
    return { origin: lines[0], size: Number(lines[1]), root };
}

export function parseStatement(note) {
    const lines = note.text.split("\n"), st = { refs: [] };
    if (lines.shift() !== "entente/statement@v1" || lines.pop() !== "") throw new Error(D.malformed);
    for (const line of lines) {
        const [key, ...w] = line.split(" ");
        if (key === "pact") st.pact_version = Number(w[0]);
        else if (key === "author") { st.author = w[0]; st.sequence = Number(w[1]); }
        else if (key === "type") st.kind = w[0];
        else if (key === "time") st.time = Number(w[0]);
        else if (key === "ref") st.refs.push(hex(bytesOf(w[0])));
        else if (key === "policy") st.tlp = w[0];
        else if (key === "body") { st.media = w[0]; st.body_bytes = Number(w[1]); st.commitment = bytesOf(w[2]); }
        else if (key !== "heads") throw new Error(D.malformed);
    }
    if (!st.author || !st.kind || !st.commitment) throw new Error(D.malformed);
    return st;
}

// --- checks -------------------------------------------------------------------------------------

// {what, ok: true | false | null, detail}; null is what this browser cannot say.
class Checks {
    list = [];
    add(what, ok, detail = "") { this.list.push({ what, ok, detail }); return ok; }
    async run(what, f) {
        try {
            const [ok, detail] = await f();
            return this.add(what, ok, detail);
        } catch (e) {
            return this.add(what, false, e.message);
        }
    }
}
const signature = (v) => [v === undefined ? false : v, v === undefined ? D.noKey : v === false ? D.wrong : v === null ? D.noEd25519 : ""];

async function checkHead(c, p, origin) {
    let note = null, head = null;
    await c.run("head", async () => {
        note = parseNote(bytesOf(p.head));
        head = parseHead(note);
        return [head.origin === origin && p.log_key.name === origin, ""];
    });
    if (!head) return null;
    await c.run("log", async () => signature(await signedBy(note, p.log_key.name, bytesOf(p.log_key.key), NOTE)));
    let n = 0;
    await c.run("witnesses", async () => {
        const names = [];
        let open = false;
        for (const w of p.witnesses) {
            const v = await signedBy(note, w.name, bytesOf(w.key), COSIGN);
            if (v === false) return [false, w.name + ": " + D.wrong];
            if (v === null) open = true;
            if (v === true) { n++; names.push(w.name); }
        }
        return [open ? null : true, open ? D.noEd25519 : D.count(n, p.needed) + (n ? ", " + D.countAll(names.join(", ")) : "")];
    });
    return { ...head, cosigned: n, accepted: n >= p.needed };
}

// What this browser saw last of each log. A node that shows another history later is caught here.
const memory = {
    get(origin) { try { return JSON.parse(localStorage.getItem("head " + origin)); } catch { return null; } },
    set(origin, v) { try { localStorage.setItem("head " + origin, JSON.stringify(v)); } catch { /* no storage */ } },
};

async function checkMemory(c, p, head, fetchConsistency) {
    const old = memory.get(p.origin), root = base64(head.root);
    if (!old) {
        c.add("history", true, D.first);
        return;
    }
    if (c.add("key", old.key === p.log_key.key, old.key === p.log_key.key ? "" : D.other) === false) return;
    await c.run("history", async () => {
        if (old.size === head.size) return [old.root === root, old.root === root ? D.same(head.size) : D.rewrote];
        if (old.size > head.size) {
            const q = await fetchConsistency(head.size, old.size);
            const ok = await isBeginning(head.size, head.root, old.size, bytesOf(old.root), q.path.map(bytesOf));
            return [ok, ok ? D.shorter(old.size, head.size) : D.rewrote];
        }
        const q = await fetchConsistency(old.size, head.size);
        const ok = await isBeginning(old.size, bytesOf(old.root), head.size, head.root, q.path.map(bytesOf));
        return [ok, ok ? D.grew(old.size, head.size) : D.rewrote];
    });
}

// One statement with all that shows it. fetchConsistency(from, to) asks the node.
export async function checkEntry(p, fetchConsistency) {
    const c = new Checks();
    let note = null, st = null, entry = new Uint8Array();
    await c.run("form", async () => {
        entry = bytesOf(p.entry);
        note = parseNote(entry);
        st = parseStatement(note);
        const ok = st.author === p.member && st.author === p.author && st.sequence === p.sequence && st.kind === p.kind &&
            st.tlp === p.tlp && st.media === p.media && st.body_bytes === p.body_bytes &&
            st.time * 1000 === Date.parse(p.claimed_time) && st.refs.join() === p.refs.join();
        return [ok, ok ? "" : D.notSame];
    });
    if (note) await c.run("author", async () => signature(await signedBy(note, p.author_key.name, bytesOf(p.author_key.key), NOTE)));
    if (st) c.add("place", st.sequence === p.first_sequence + p.index && p.author_key.name === p.member + "/author");
    const leaf = await leafHash(entry);
    c.add("leaf", hex(leaf) === p.leaf, hex(leaf));
    const head = await checkHead(c, p, p.origin);
    if (head) await c.run("inclusion", async () => {
        const root = await rootOfPath(leaf, p.index, head.size, p.path.map(bytesOf));
        const ok = same(root, head.root);
        return [ok, ok ? base64(root) : D.root(base64(root), base64(head.root))];
    });
    if (st && p.body !== undefined && p.salt !== undefined) await c.run("body", async () => {
        if (p.body_cut) return [null, D.cutBody];
        const ok = same(await sha256(join(Uint8Array.of(2), bytesOf(p.salt), bytesOf(p.body))), st.commitment);
        return [ok, ok ? "" : D.commitment];
    });
    if (head) await checkMemory(c, p, head, fetchConsistency);
    const bad = c.list.filter((x) => x.ok === false).length;
    const old = memory.get(p.origin);
    if (bad === 0 && head && (!old || old.size < head.size))
        memory.set(p.origin, { key: p.log_key.key, size: head.size, root: base64(head.root) });
    const open = c.list.some((x) => x.ok === null && x.what !== "body");
    return { checks: c.list, bad, statement: st, head, verdict: bad ? "bad" : open ? "open" : head.accepted ? "good" : "short" };
}
