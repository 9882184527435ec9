import { T } from "./strings.js";
import { h, s, foreign, foreignLines, num, panel, heading, table, tlp, chip, facts, when, say } from "./dom.js";
import { get, params } from "./api.js";
import { checkEntry, bytesOf } from "./proof.js";

const L = T.ledger;
const asker = (p, signal) => (from, to) => get("consistency", { member: p.member, generation: p.generation, from, to }, signal);

export async function ledger({ query, signal, who }) {
    if (query.index !== undefined) return proof(query, signal);
    const { logs } = await get("logs", {}, signal);
    const member = query.member || who.member;
    const page = logs.some((l) => l.member === member)
        ? await get("log", { member, generation: query.generation, before: query.before }, signal) : null;
    const list = table(L.logs, [
        { title: L.log, cell: (l) => h("a", { href: "#/ledger?" + params({ member: l.member, generation: l.generation }), "aria-current": l.member === member ? "true" : null }, foreign(l.member, 63), l.generation > 1 ? " " + l.generation : "") },
        { title: "", cell: (l) => h("span", { class: "muted" }, l.self ? L.own : L.mirror) },
        { title: L.size, class: "num", cell: (l) => num(l.mirrored) },
        { title: L.standing, cell: (l) => chip((l.accepted ? T.partners.accepted : T.partners.received)(l.cosigned, l.needed), l.accepted ? "ok" : "warn") },
    ], logs);
    return [heading(T.pages.ledger, L.sub), h("div", { class: "stack" }, panel(L.logs, list.node),
        page && page.entries.length ? entries(page, signal) : panel(L.entries, h("p", { class: "empty" }, L.empty)))];
}

function entries(page, signal) {
    const at = (e) => ({ member: page.member, generation: page.generation, index: e.index });
    const marks = new Map(page.entries.map((e) => [e.index, h("span")]));
    const list = table(L.entries, [
        { title: L.index, cell: (e) => (e.hidden ? num(e.index) : h("a", { href: "#/ledger?" + params(at(e)) }, num(e.index))) },
        { title: L.what, cell: (e) => (e.hidden ? h("span", { class: "muted" }, L.hidden) : [e.kind, e.disputed && [" ", chip(L.disputed, "bad")]]) },
        { title: L.to, cell: (e) => foreign(e.to || "", 63) },
        { title: L.claimed, class: "time", cell: (e) => (e.hidden ? "" : when(e.claimed_time)) },
        { title: T.tlp, cell: (e) => (e.tlp ? tlp(e.tlp) : "") },
        { title: L.standing, cell: (e) => chip(e.accepted ? L.accepted : L.received, e.accepted ? "ok" : "warn") },
        { title: L.proof, cell: (e) => marks.get(e.index) },
    ], page.entries);
    const all = h("button", {
        class: "button", type: "button", onclick: async () => {
            const seen = page.entries.filter((e) => !e.hidden);
            all.disabled = true;
            for (const [i, e] of seen.entries()) {
                if (signal.aborted) return;
                const mark = marks.get(e.index);
                try {
                    const p = await get("proof", { member: page.member, generation: page.generation, from: e.index }, signal);
                    const r = await checkEntry(p, asker(p, signal));
                    mark.replaceChildren(r.bad ? chip("✗ " + L.bad, "bad") : chip("✓", r.verdict === "open" ? "warn" : "ok"));
                } catch (err) { mark.replaceChildren(chip(err.message, "bad")); }
                all.textContent = L.verifying(i + 1, seen.length);
            }
            say(all.textContent);
        },
    }, L.verifyAll);
    return panel(h("span", null, L.entries + ": ", foreign(page.member, 63)), { note: num(page.size) }, list.node, h("div", { class: "chips" }, all,
        page.before && h("a", { class: "button", href: "#/ledger?" + params({ member: page.member, generation: page.generation, before: page.before }) }, L.older)));
}

// --- one statement ------------------------------------------------------------------------------

const drawn = {
    good: ["ok", "M7 13.5l4 4 8-9"], short: ["warn", "M7 13.5l4 4 8-9"], open: ["warn", "M13 7v7M13 18v.5"], bad: ["bad", "M8 8l10 10M18 8L8 18"],
};
function verdict(r) {
    const [kind, d] = drawn[r.verdict];
    const [title, text] = { good: [L.good, L.goodText], open: [L.open, L.openText], bad: [L.bad, L.badText(r.bad)], short: [L.short, L.shortText] }[r.verdict];
    return h("div", { class: "verdict " + kind, role: "status", "data-verdict": r.verdict },
        s("svg", { viewBox: "0 0 26 26", "aria-hidden": "true" }, s("circle", { cx: 13, cy: 13, r: 11.5 }), s("path", { d })), h("div", null, h("strong", null, title), h("span", null, text)));
}
const checks = (list) => h("ol", { class: "checks" }, list.map((c) => {
    const kind = c.ok === true ? "ok" : c.ok === false ? "bad" : "open";
    return h("li", { class: kind, "data-check": c.what }, h("span", { class: "mark", "aria-label": kind }, { ok: "✓", bad: "✗", open: "?" }[kind]),
        h("span", { class: "what" }, L.checks[c.what]), c.detail && h("span", { class: "detail mono" }, foreign(c.detail, 400)));
}));

function decoded(b64) {
    const b = bytesOf(b64);
    try { return new TextDecoder("utf-8", { fatal: true }).decode(b); } catch { return null; }
}

function body(p, query) {
    if (p.body === undefined) return h("p", { class: "empty" }, L.noBody);
    const text = decoded(p.body);
    return [text === null ? h("p", { class: "empty" }, L.notText) : foreignLines(text), p.body_cut && h("p", null,
        h("a", { href: "#/ledger?" + params({ ...query, whole: 1 }) }, L.cut + ", " + L.bytes(num(p.body_bytes))))];
}

// Bytes that are no text any more are shown nevertheless: somebody changed them.
function raw(b64) {
    try { return foreignLines(decoded(b64) ?? b64); } catch { return foreignLines(b64); }
}

async function proof(query, signal) {
    const p = await get("proof", { member: query.member, generation: query.generation, from: query.index, whole: query.whole }, signal);
    const r = await checkEntry(p, asker(p, signal)), st = r.statement;
    const shown = st && r.bad === 0 ? st : null; // what the signed bytes say, and nothing beside them
    return [heading(`${shown ? shown.kind : L.statement} ${num(p.index)}`, foreign(p.origin, 140, { class: "mono" })),
        h("p", { class: "back" }, h("a", { href: "#/ledger?" + params({ member: p.member, generation: p.generation }) }, "← " + L.back(p.member))),
        h("div", { class: "grid" },
            h("div", { class: "w7 stack" }, verdict(r), panel(L.proof, checks(r.checks)), h("p", { class: "note" }, L.keysNote(String(p.origin).slice(0, 16)))),
            h("div", { class: "w5 stack" },
                shown && panel(L.statement, facts([L.member, foreign(shown.author, 63)], [L.sequence, num(shown.sequence)], [L.type, shown.kind], [L.claimed, when(p.claimed_time)],
                    [L.tlp, tlp(shown.tlp)], [L.version, num(shown.pact_version)], [L.media, [foreign(shown.media, 64), ", " + L.bytes(num(shown.body_bytes))]],
                    shown.refs.length > 0 && [L.refs, h("ul", { class: "mono" }, shown.refs.map((x) => h("li", null, x)))])),
                panel(L.body, body(p, query)),
                panel(L.raw, h("details", null, h("summary", null, L.entryRaw), raw(p.entry)), h("details", null, h("summary", null, L.headRaw), raw(p.head)))))];
}
