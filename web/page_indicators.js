import { T } from "./strings.js";
import { h, foreign, num, panel, heading, time, table, tlp, chip, facts, copy, when, say } from "./dom.js";
import { get, post, params } from "./api.js";
import { timeline } from "./chart.js";

const link = (r, max) => h("a", { href: "#/indicator?" + params({ value: `${r.type}:${r.value}` }) }, foreign(r.value, max));
const sure = (r) => (r.confidence === undefined ? "–" : r.score === r.confidence ? r.confidence : `${r.confidence} (${r.score})`);
const state = (r) => (r.state === "valid" ? h("span", { class: "muted" }, T.states.valid) : chip(T.states[r.state] || r.state, "warn"));
const words = (list, max = 40) => h("span", { class: "chips" }, list.map((t) => h("span", { class: "chip" }, foreign(t, max))));

function facet(title, key, list, chosen, set) {
    return h("section", null, h("h2", null, title), list.length === 0 ? h("p", { class: "muted" }, T.none) : h("ul", null, list.map((f) => h("li", null,
        h("button", { type: "button", "aria-pressed": String(chosen(f.name)), onclick: () => set(key, f.name) }, foreign(f.name, 80), h("span", null, num(f.count)))))));
}

export async function indicators({ query, signal, replace }) {
    const f = await get("facets", {}, signal);
    const q = { q: query.q || "", types: query.types || "", source: query.source || "", tlp: query.tlp || "", tag: query.tag || "" };
    const side = h("aside", { class: "facets panel", "aria-label": T.indicators.clear }), found = h("div", { class: "stack" });
    const typed = () => q.types.split(",").filter(Boolean);
    let run = 0, timer = null, waiting = null;

    const set = (key, name) => {
        if (key === "types") {
            const list = typed();
            q.types = (list.includes(name) ? list.filter((t) => t !== name) : [...list, name]).join(",");
        } else {
            q[key] = q[key] === name ? "" : name;
        }
        const at = document.activeElement?.textContent;
        draw();
        [...side.querySelectorAll("button")].find((b) => b.textContent === at)?.focus();
        start();
    };
    const draw = () => side.replaceChildren(
        facet(T.indicators.types, "types", f.types, (n) => typed().includes(n), set),
        facet(T.indicators.markings, "tlp", f.tlp, (n) => q.tlp === n, set),
        facet(T.indicators.sources, "source", f.sources, (n) => q.source === n, set),
        facet(T.indicators.tags, "tag", f.tags, (n) => q.tag === n, set),
        h("button", { type: "button", class: "button", onclick: () => { q.types = q.source = q.tlp = q.tag = ""; draw(); start(); } }, T.indicators.clear));

    // Pages may hold few rows, where a filter passes few: go on until there are some.
    const start = async () => {
        const mine = ++run, t = makeTable();
        waiting?.abort();
        const stop = waiting = new AbortController();
        signal.addEventListener("abort", () => stop.abort());
        replace(q);
        const note = h("p", { class: "muted", role: "status" }, T.loading), more = h("button", { type: "button", class: "button", hidden: true }, T.indicators.more);
        let n = 0, next = {}, shown = false;
        const load = async () => {
            more.hidden = true;
            try {
                for (let i = 0, got = 0; i < 20 && got < 20; i++) {
                    const page = await get("indicators", { ...q, ...next, limit: 50 }, stop.signal);
                    if (mine !== run) return;
                    if (!shown) { found.replaceChildren(panel(T.indicators.table, t.node, note, more)); shown = true; }
                    t.add(page.rows);
                    got += page.rows.length;
                    n += page.rows.length;
                    next = page.before ? { before: page.before } : page.after ? { after: page.after } : null;
                    note.textContent = next ? T.indicators.looking : "";
                    if (!next) break;
                }
                note.textContent = n === 0 && !next ? T.indicators.none : T.indicators.shown(num(n), Boolean(next));
                more.hidden = !next;
            } catch (e) {
                if (e.name === "AbortError") return;
                note.textContent = e.message;
                found.replaceChildren(panel(T.indicators.table, note));
            }
        };
        more.addEventListener("click", load);
        await load();
    };
    const makeTable = () => table(T.indicators.table, [
        { title: T.value, class: "value", cell: (r) => link(r, 90) },
        { title: T.type, cell: (r) => r.type },
        { title: T.tlp, cell: (r) => tlp(r.tlp) },
        { title: T.confidence, class: "num", help: T.confidenceHelp, cell: sure },
        { title: T.source, class: "words", cell: (r) => (r.own ? T.indicator.own : foreign(r.source, 40)) },
        { title: T.kind, class: "words", cell: (r) => [foreign(r.kind || "", 40), " ", words([...r.tags, ...r.labels].slice(0, 4), 30)] },
        { title: T.state, cell: state },
        { title: T.seen, class: "num", cell: (r) => (r.seen ? num(r.seen) : "–") },
        { title: T.claims, class: "num", help: T.indicators.claimsHelp, cell: (r) => num(r.claims) },
    ], []);
    const box = h("input", {
        type: "search", class: "search mono", value: q.q, id: "q", autocomplete: "off", spellcheck: "false", "aria-describedby": "q-hint", maxlength: 2048,
        oninput: () => { clearTimeout(timer); timer = setTimeout(() => { q.q = box.value.trim(); start(); }, 180); },
    });
    draw();
    await start();
    return [heading(T.pages.indicators, T.indicators.sub(num(f.claims))),
        h("div", { class: "stack" }, h("div", null, h("label", { class: "field", for: "q" }, T.indicators.label, box), h("p", { class: "note", id: "q-hint" }, T.indicators.hint)),
            h("div", { class: "finder" }, side, found))];
}

// --- one of them --------------------------------------------------------------------------------

function tags(r, key, who) {
    const e = h("div", { class: "chips" });
    const change = async (tag, remove) => {
        try {
            draw((await post("tag", remove ? { value: key, tag, remove: 1 } : { value: key, tag })).tags);
            say(T.indicator.tagSaid);
        } catch (err) { say(err.message); e.append(h("span", { class: "chip bad", role: "alert" }, err.message)); }
    };
    const draw = (list) => {
        e.replaceChildren(...list.map((t) => h("span", { class: "chip" }, foreign(t, 60), who.role !== "reader" &&
            h("button", { class: "more", type: "button", "aria-label": T.indicator.removeTag(t), onclick: () => change(t, true) }, "×"))));
        if (who.role === "reader") { if (list.length === 0) e.append(h("span", { class: "muted" }, T.none)); return; }
        const box = h("input", { type: "text", size: 14, maxlength: 255, "aria-label": T.indicator.tagLabel });
        e.append(h("form", { onsubmit: (ev) => { ev.preventDefault(); if (box.value.trim()) change(box.value.trim(), false); } },
            box, " ", h("button", { class: "button", type: "submit" }, T.indicator.addTag)));
    };
    draw(r.tags);
    return e;
}

const claim = (c) => h("article", { class: "stack" }, h("h3", null, c.own ? T.indicator.own : foreign(c.source, 80), " ", tlp(c.tlp), " ", state(c)),
    facts([T.confidence, sure(c)], c.kind && [T.kind, foreign(c.kind, 100)], c.text && [T.text, foreign(c.text, 600)],
        c.labels.length > 0 && [T.labels, words(c.labels)], (c.valid_from || c.valid_until) && [T.indicator.validity, T.indicator.until(when(c.valid_from), when(c.valid_until))],
        [T.first, when(c.first_import)], [T.last, when(c.last_import)], c.id && [T.indicator.id, foreign(c.id, 120, { class: "mono" })],
        c.objects.length > 0 && [T.indicator.objects, h("ul", null, c.objects.map((o) => h("li", null, foreign(o.type, 40), " ", foreign(o.relation, 40), " ", foreign(o.name || o.id, 90))))]));

export async function indicator({ query, signal, who }) {
    const key = query.value || "", r = await get("indicator", { value: key }, signal);
    const warn = [...new Set(r.warnings)];
    const seen = table(T.indicator.sightings, [
        { title: T.log, class: "value", cell: (g) => foreign(g.log, 90) },
        { title: T.count, class: "num", cell: (g) => num(g.count) },
        { title: T.line, class: "num", cell: (g) => num(g.line) },
        { title: T.first, class: "time", cell: (g) => when(g.first) },
        { title: T.last, class: "time", cell: (g) => when(g.last) },
    ], r.sightings);
    const side = [panel(T.tags, tags(r, key, who))];
    if (warn.length) side.push(panel(T.indicator.warnings, h("ul", { class: "list" }, warn.map((w) => h("li", null, h("span", null, h("span", { class: "dot warn" }), foreign(w, 120)))))));
    if (r.within.length) side.push(panel(T.indicator.within, h("ul", { class: "list" }, r.within.map((o) => h("li", null, link(o, 80), h("span", { class: "muted" }, o.type))))));
    side.push(panel(T.indicator.id, facts([T.type, r.type], r.stix_id && ["STIX", h("span", { class: "mono" }, r.stix_id)])));
    return [heading(foreign(r.value, 300, { class: "mono" }), r.type, h("button", { class: "button", type: "button", onclick: () => copy(r.value) }, T.copy)),
        h("p", { class: "back" }, h("a", { href: "#/indicators" }, "← " + T.indicator.back)),
        h("div", { class: "grid" },
            h("div", { class: "w8 stack" }, panel(T.indicator.history, timeline(r.claims, r.sightings)),
                panel(T.indicator.claims, { note: num(r.claims.length) }, h("div", { class: "stack" }, r.claims.map(claim))),
                panel(T.indicator.sightings, r.sightings.length ? seen.node : h("p", { class: "empty" }, T.indicator.notSeen))),
            h("div", { class: "w4 stack" }, side))];
}
