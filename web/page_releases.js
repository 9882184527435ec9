import { T } from "./strings.js";
import { h, foreign, num, panel, heading, time, table, chip, when, form, say } from "./dom.js";
import { get, post, params } from "./api.js";

const R = T.releases;
const state = (s) => (!s.judged ? "unjudged" : s.held ? "held" : s.released_before && s.odd.length ? "released" : "free");
const odd = (s) => (s.odd.length === 0 ? h("span", { class: "muted" }, R.nothingOdd) : s.odd.map((o) => `${num(o.count)} of ${num(s.claims)} ${T.today.odd[o.for] || o.what}`).join("; "));

export async function releases({ who, signal }) {
    const may = who.role === "releaser" || who.role === "operator", box = h("div", { class: "stack" });
    const act = async (call, body) => { await post(call, body); await draw(); say(R.done); };
    const button = (text, call, source) => form(h("button", { class: "button", type: "submit" }, text), () => act(call, { source }), { "data-source": source });

    const actions = (s, t) => {
        const kind = state(s), waits = t.asked.some((a) => a.source === s.name);
        if (!may || kind === "unjudged" || kind === "free" || (kind === "held" && waits)) return "";
        if (kind === "released") return button(R.hold, "release-hold", s.name);
        return form([h("input", { type: "text", name: "reason", required: true, maxlength: 1000, size: 24, "aria-label": R.reason, placeholder: R.reason }), " ",
            h("button", { class: "button", type: "submit" }, t.needs_two ? R.ask : R.release)], (v) => act("release", { source: s.name, reason: v.reason.trim() }), { "data-source": s.name });
    };
    const asked = (a) => h("li", null, h("span", { class: "dot warn" }), h("div", { class: "stack" },
        h("span", null, h("b", null, foreign(a.source, 80)), " ", foreign(a.reason, 300)),
        h("span", { class: "muted" }, odd(a), "; ", foreign(a.by, 40), ", ", time(a.asked), "; ", R.until(when(a.expires))),
        may && h("div", { class: "inline" }, a.own ? h("span", { class: "muted" }, R.own) : button(R.confirm, "release-confirm", a.source), button(R.hold, "release-hold", a.source))));
    const draw = async () => {
        const t = await get("releases", {}, signal);
        const list = table(R.sources, [
            { title: T.source, class: "value", cell: (s) => h("a", { href: "#/indicators?" + params({ source: s.name }) }, foreign(s.name, 80)) },
            { title: T.state, cell: (s) => chip(R.states[state(s)], { held: "warn", unjudged: "warn", released: "ok" }[state(s)] || "") },
            { title: R.odd, cell: odd },
            { title: R.reason, cell: (s) => (s.reason ? [foreign(s.reason, 160), h("div", { class: "muted" }, foreign(s.by, 40), ", ", time(s.at))] : "") },
            { title: R.actions, cell: (s) => actions(s, t) },
        ], t.sources);
        box.replaceChildren(panel(R.asked, { note: t.needs_two ? R.two : R.one }, t.asked.length ? h("ul", { class: "list" }, t.asked.map(asked)) : h("p", { class: "empty" }, R.nothing)),
            panel(R.sources, { note: num(t.sources.length) }, t.sources.length ? list.node : h("p", { class: "empty" }, R.none)));
    };
    await draw();
    return [heading(T.pages.releases, R.sub), box];
}
