import { T } from "./strings.js";
import { h, foreign, num, panel, heading, time, table, chip } from "./dom.js";
import { get, params } from "./api.js";
import { days } from "./chart.js";

// How a member stands: what is against it, the worst first.
export function standing(m) {
    const P = T.partners;
    if (m.exposed) return ["bad", P.exposed];
    if (m.withdrawn) return ["warn", P.withdrawn];
    if (m.disputed) return ["warn", P.disputed];
    if (m.suspected && m.suspected.length) return ["warn", m.suspected.map((s) => P.suspected[s.for] || s.for).join(", ")];
    return ["ok", P.fine];
}

function waits(t) {
    const items = t.held.map((s) => h("li", null, h("span", { class: "dot warn" }), h("span", null,
        h("a", { href: "#/releases" }, foreign(s.name, 60)), " ",
        h("span", { class: "muted" }, s.judged ? s.odd.map((o) => `${num(o.count)} of ${num(s.claims)} ${T.today.odd[o.for] || o.what}`).join("; ") : "")),
    chip(s.judged ? T.today.held : T.today.heldUnjudged, "warn")));
    for (const a of t.asked)
        items.unshift(h("li", null, h("span", { class: "dot warn" }), h("span", null, h("a", { href: "#/releases" }, foreign(a.source, 60)), " ", h("span", { class: "muted" }, foreign(a.reason, 100))),
            chip([T.today.asked(""), foreign(a.by, 40)], "warn")));
    for (const p of t.proposals)
        items.push(h("li", null, h("span", { class: "dot warn" }), h("a", { href: "#/partners" }, T.today.vote(p.by, p.round)), h("span", { class: "mono muted" }, p.hash.slice(0, 16))));
    return items.length ? h("ul", { class: "list" }, items) : h("p", { class: "empty" }, T.today.nothingWaits);
}

export async function today({ who, signal }) {
    const t = Object.assign(...await Promise.all([get("today", {}, signal), get("standing", {}, signal)]));
    const others = t.members.filter((m) => !m.self), fine = others.filter((m) => standing(m)[0] === "ok");
    const seen = t.sightings.reduce((n, d) => n + d.last, 0);
    const tile = (n, text) => h("div", { class: "tile" }, h("b", null, n), h("span", null, text));
    const most = table(T.today.most, [
        { title: T.value, class: "value", cell: (r) => h("a", { href: "#/indicator?" + params({ value: `${r.type}:${r.value}` }) }, foreign(r.value, 60)) },
        { title: T.count, class: "num", cell: (r) => num(r.count) },
        { title: T.last, class: "time num", cell: (r) => time(r.last) },
    ], t.most_seen);
    return [heading(T.pages.today, T.today.sub(who.member || T.indicator.own)), h("div", { class: "stack" },
        h("div", { class: "tiles" }, tile(num(seen), T.today.seen(t.days)), tile(num(t.claims), T.today.known),
            tile(`${fine.length}/${others.length}`, T.today.partners), tile(num(t.held.length + t.asked.length + t.proposals.length), T.today.waiting)),
        h("div", { class: "grid" },
            h("div", { class: "w8 stack" }, panel(T.today.chart, { note: T.today.chartNote(t.days) }, days(t.since, t.days, t.sightings)),
                panel(T.today.waits, waits(t))),
            h("div", { class: "w4 stack" }, panel(T.today.most, t.most_seen.length ? most.node : h("p", { class: "empty" }, T.today.nothingSeen)),
                panel(T.today.state, t.members.length === 0 ? h("p", { class: "empty" }, T.today.noPact) : h("ul", { class: "list" }, others.map((m) => {
                    const [kind, text] = standing(m);
                    return h("li", null, h("span", { class: "dot " + kind }), h("a", { href: "#/partners" }, foreign(m.name, 40)), h("span", { class: "muted" }, text));
                }))))))];
}
