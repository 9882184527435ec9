import { T } from "./strings.js";
import { h, foreign, num, panel, heading, time, table, tlp, chip, facts, when } from "./dom.js";
import { get, params } from "./api.js";
import { mayAsk, askChip, askPage, startForm } from "./page_ask.js";

const M = T.match;

function started(asks) {
    if (asks.length === 0) return null;
    return panel(M.underWay, { note: num(asks.length) }, table(M.underWay, [
        { title: M.began, cell: (a) => h("a", { href: "#/match?" + params({ ask: a.ask }) }, when(a.began)) },
        { title: M.partner, cell: (a) => foreign(a.partner, 63) },
        { title: M.by, cell: (a) => a.by },
        { title: M.asked, class: "num", cell: (a) => num(a.items) },
        { title: T.state, cell: askChip },
    ], asks).node);
}

export async function match({ query, who, signal }) {
    if (query.run) return one(query.run, signal);
    if (query.ask) return askPage(query.ask, signal);
    const mine = mayAsk(who) ? [started((await get("asks", {}, signal)).asks), await startForm({ signal })]
        : [panel(M.start, h("p", null, M.startText), h("p", { class: "mono" }, M.command("PARTNER")))];
    const t = await get("matches", {}, signal);
    const list = table(T.pages.match, [
        { title: T.time, cell: (r) => h("a", { href: "#/match?" + params({ run: r.run }) }, r.damaged ? r.run.slice(0, 8) : when(r.time)) },
        { title: M.partner, cell: (r) => foreign(r.partner || "", 63) },
        { title: M.role, cell: (r) => M.roles[r.role] || "" },
        { title: M.asked, class: "num", cell: (r) => (r.damaged ? "" : num(r.asked)) },
        { title: M.held, class: "num", cell: (r) => (r.damaged ? "" : num(r.held)) },
        { title: M.found, class: "num", cell: (r) => (r.found === undefined ? M.notTold : num(r.found)) },
        { title: T.tlp, cell: (r) => (r.tlp ? tlp(r.tlp) : "") },
        { title: T.state, cell: (r) => (r.damaged ? chip(M.damaged, "bad") : r.finished ? chip(M.finished, "ok") : chip(M.unfinished, "warn")) },
    ], t.matches);
    return [heading(T.pages.match, M.sub), ...mine.filter(Boolean), panel(T.pages.match, { note: M.records(num(t.records)) }, t.matches.length ? list.node : h("p", { class: "empty" }, M.none))];
}

async function one(run, signal) {
    const r = await get("match", { run }, signal), n = num(r.asked);
    const acts = Object.entries(M.acts).filter(([k]) => r[k]).map(([k, name]) => ({ name, ...r[k] }));
    const list = table(M.record, [
        { title: T.ledger.what, cell: (a) => h("a", { href: "#/ledger?" + params({ member: a.member, generation: a.generation, index: a.index }) }, a.name) },
        { title: T.ledger.index, cell: (a) => M.entry(a.member, num(a.index)) },
        { title: T.ledger.claimed, class: "time", cell: (a) => when(a.claimed_time) },
        { title: T.state, cell: (a) => chip((a.accepted ? T.partners.accepted : T.partners.received)(a.cosigned, a.needed), a.accepted ? "ok" : "warn") },
    ], acts);
    const asker = r.role === "asker";
    return [heading([foreign(r.partner, 63), ", " + when(r.time)], M.roles[r.role], tlp(r.tlp)), h("p", { class: "back" }, h("a", { href: "#/match" }, "← " + M.back)),
        h("div", { class: "grid" },
            h("div", { class: "w7 stack" },
                panel(M.learned, h("ul", { class: "list" }, h("li", null, asker ? M.asker(n, r.partner) : M.holder(n, r.partner)), h("li", null, asker ? M.askerOther(n, r.partner) : M.holderOther(n, r.partner)))),
                asker && panel(M.hits, { note: num(r.found) }, r.hits && r.hits.length ? h("ul", { class: "list" }, r.hits.map((v) => h("li", null, h("a", { href: "#/indicator?" + params({ value: v }), class: "value" }, foreign(v, 120))))) : h("p", { class: "empty" }, M.noHits))),
            h("div", { class: "w5 stack" },
                panel(M.run, facts([M.run, h("span", { class: "mono" }, r.run)], [M.asked, n], [asker ? M.held : M.heldOurs, num(r.held)], [M.types, r.types.join(", ")],
                    [T.state, r.finished ? chip(M.finished, "ok") : chip(M.unfinished, "warn")], [M.record, r.whole ? chip(M.whole, "ok") : chip(M.notWhole(r.damaged_file || ""), "bad")])),
                panel(M.record, list.node)))];
}
