import { T } from "./strings.js";
import { h, foreign, panel, heading, table, chip, when } from "./dom.js";
import { get } from "./api.js";

const A = T.audit;

export async function audit({ signal }) {
    let t = await get("audit", {}, signal);
    const list = table(T.pages.audit, [
        { title: T.time, class: "time", cell: (r) => when(r.time) },
        { title: A.who, cell: (r) => foreign(r.who, 40) },
        { title: A.via, cell: (r) => foreign(r.token ? `${r.via}/${r.token}` : r.via, 60) },
        { title: A.from, class: "mono", cell: (r) => foreign(r.from, 50) },
        { title: A.what, cell: (r) => r.what },
        { title: A.outcome, cell: (r) => (r.outcome === "allowed" ? r.outcome : chip(r.outcome, "warn")) },
        { title: A.on, class: "value", cell: (r) => (r.hidden ? h("span", { class: "muted" }, T.ledger.hidden) : foreign(r.on, 100)) },
    ], t.records);
    const more = h("button", { class: "button", type: "button", hidden: t.generation === undefined, onclick: async () => {
        t = await get("audit", { generation: t.generation, before: t.before }, signal);
        list.add(t.records);
        more.hidden = t.generation === undefined;
    } }, A.older);
    return [heading(T.pages.audit, A.sub), panel(T.pages.audit, { note: A.note }, t.records.length ? list.node : h("p", { class: "empty" }, A.none), h("p", null, more))];
}
