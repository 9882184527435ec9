import { T } from "./strings.js";
import { h, foreign, panel, heading, table, chip, facts, tlp } from "./dom.js";
import { get } from "./api.js";
import { accounts } from "./page_accounts.js";

const S = T.settings;

export async function settings({ signal, who }) {
    const t = await get("settings", {}, signal);
    const list = table(S.settings, [
        { title: S.name, class: "mono", cell: (x) => x.name },
        { title: S.value, class: "value", cell: (x) => [foreign(x.value || "–", 120), x.value !== x.default && [" ", chip(S.changed)]] },
        { title: S.def, class: "mono", cell: (x) => x.default || "–" },
        { title: S.help, cell: (x) => x.help },
    ], t.settings);
    return [heading(T.pages.settings, S.sub), h("div", { class: "stack" },
        panel(S.about, facts([S.member, [foreign(who.member, 63), " (", foreign(who.display, 96), ")"]], [S.version, who.version], [S.account, h("a", { href: "#/account" }, foreign(who.account, 63))], [S.role, who.role], [T.clearance, tlp(who.clearance)])),
        await accounts(who, signal), panel(S.settings, list.node))];
}
