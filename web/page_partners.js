import { T } from "./strings.js";
import { h, foreign, num, panel, heading, time, tlp, chip, facts, when } from "./dom.js";
import { get, params } from "./api.js";
import { gauge } from "./chart.js";
import { standing } from "./page_today.js";

const P = T.partners;

function member(m, pact) {
    const [kind, text] = standing(m);
    const log = m.log;
    return h("article", { class: "panel member", "aria-label": m.name },
        h("header", null, h("span", { class: "dot " + (m.self ? "" : kind) }), h("h3", null, foreign(m.name, 63)), h("span", { class: "muted" }, foreign(m.display, 60)),
            m.self && chip(P.you), m.panel && chip(P.onPanel), !m.self && kind !== "ok" && chip(text, kind)),
        m.exposed && h("p", { class: "chip bad" }, m.exposed_text),
        (m.suspected || []).map((x) => h("p", { class: "muted" }, P.suspectedSince(P.suspected[x.for] || x.for, when(x.since)), x.what && [" ", foreign(x.what, 80, { class: "mono" })])),
        facts(
            [P.entries, log ? h("a", { href: "#/ledger?" + params({ member: m.name }) }, P.entriesText(num(log.size), num(log.mirrored))) : P.nothingSaid],
            log && [P.head, chip((log.accepted ? P.accepted : P.received)(log.cosigned, log.needed), log.accepted ? "ok" : "warn")],
            log && log.not_later && [P.cosigned, when(log.not_later)],
            !m.self && [P.lastHead, time(m.last_head)],
            [P.address, foreign(m.url === "-" ? "–" : m.url, 80, { class: "mono" })],
            [P.fingerprint, h("span", { class: "mono" }, m.fingerprint)]),
        !m.self && [gauge(m.left_for, pact.budget_items, P.leftFor), gauge(m.left_with, pact.budget_items, P.leftWith)]);
}

export async function partners({ signal }) {
    const t = await get("partners", {}, signal), p = t.pact;
    return [heading(T.pages.partners, P.sub(p.name, p.version)), h("div", { class: "stack" },
        panel(P.pact, facts([P.id, h("span", { class: "mono" }, p.id)],
            [P.panel, [num(p.panel), p.panel <= 3 && [" ", chip(P.detects, "warn")]]], [P.needed, num(p.witnesses)], [P.minimum, tlp(p.minimum)],
            [P.votes, P.votesText(p.threshold, p.members)], [P.budget, P.budgetText(num(p.budget_items), num(p.budget_seconds / 86400))],
            p.quorum && [P.quorum, P.quorumText(p.quorum.each, num(p.quorum.window), p.quorum.threshold, p.quorum.types.join(", "), num(p.quorum.items))],
            p.quorum && [P.quorumKeys, P.quorumRoles(p.quorum.holders.join(", "), p.quorum.collector)],
            [P.expires, [p.expires ? when(p.expires) : T.never, p.expired && [" ", chip(P.expired, "bad")]]], p.weak && ["", chip(P.weak, "warn")])),
        t.proposals.length > 0 && panel(P.proposals, h("ul", { class: "list" }, t.proposals.map((x) => h("li", null, h("span", null, P.proposal(x.by, x.round), " ",
            h("span", { class: "muted" }, x.valid ? P.takes(x.needs_before, x.needs_after) : P.invalid)), h("span", { class: "mono muted" }, x.hash.slice(0, 16)))))),
        h("div", { class: "members" }, t.members.map((m) => member(m, p))))];
}
