// page_accounts.js: accounts and tokens: for operators all of them, for everybody the own one.
import { T } from "./strings.js";
import { h, foreign, num, panel, heading, time, table, tlp, chip, facts, when, copy, field, select, form, say } from "./dom.js";
import { get, post, params } from "./api.js";

const A = T.accounts;
const roles = Object.entries(A.roles), marks = ["clear", "green", "amber", "amber+strict", "red"].map((m) => [m, "TLP:" + m.toUpperCase()]);
const short = (mark) => mark.replace("TLP:", "").toLowerCase();
const given = (v) => Object.fromEntries(Object.entries(v).filter(([, x]) => x !== ""));
const text = (name, props = {}) => h("input", { type: "text", name, autocomplete: "off", autocapitalize: "none", spellcheck: "false", ...props });
const secret = (name, props = {}) => h("input", { type: "password", name, autocomplete: "new-password", ...props });
const button = (label, props = {}) => h("button", { class: "button", type: "submit", ...props }, label);
const open = (name) => h("a", { href: "#/account?" + params({ account: name }) }, foreign(name, 40));

// The panel on the page of settings; nothing for who may not.
export async function accounts(who, signal) {
    if (who.role !== "operator") return null;
    const box = h("div");
    const draw = async () => {
        const t = await get("accounts", {}, signal);
        box.replaceChildren(table(A.title, [
            { title: A.name, cell: (u) => [open(u.name), u.display && [" ", h("span", { class: "muted" }, foreign(u.display, 60))]] },
            { title: A.role, cell: (u) => u.role },
            { title: A.clearance, cell: (u) => tlp(u.clearance) },
            { title: T.state, cell: (u) => chip(u.enabled ? A.enabled : A.disabled, u.enabled ? "ok" : "warn") },
            { title: A.password, cell: (u) => (u.password ? "•" : A.noPassword) },
            { title: A.tokens, class: "num", cell: (u) => num(u.tokens) },
            { title: A.sessions, class: "num", cell: (u) => num(u.sessions) },
        ], t.accounts).node);
    };
    await draw();
    return panel(A.title, box, form([field(A.name, text("account", { required: true, maxlength: 32 })), field(A.display, text("display", { maxlength: 128 })),
        field(A.role, select("role", roles, "reader")), field(A.clearance, select("tlp", marks, "green")),
        field(A.password, secret("password", { title: A.passwordHelp })), button(A.addButton)],
    async (v) => { await post("account-add", given(v)); await draw(); say(A.done); }, { class: "inline", "aria-label": A.add }));
}

export async function account({ query, who, signal }) {
    const name = query.account || who.account, own = name === who.account, operator = who.role === "operator", box = h("div", { class: "stack" });
    let made = null; // a token, until the page is left
    const act = async (call, body) => { const r = await post(call, { account: name, ...body }); if (!(own && call === "password")) await draw(); say(A.done); return r; };

    const about = (u) => panel(own ? A.own : A.name, facts([A.name, foreign(u.name, 40)], [A.display, foreign(u.display, 128)], [A.role, u.role], [A.clearance, tlp(u.clearance)],
        [T.state, chip(u.enabled ? A.enabled : A.disabled, u.enabled ? "ok" : "warn")], [A.created, when(u.created)], [A.sessions, num(u.sessions)]),
    operator && form([field(A.display, text("display", { maxlength: 128, value: u.display })), field(A.role, select("role", roles, u.role)), field(A.clearance, select("tlp", marks, short(u.clearance))), button(A.save)],
        (v) => act("account-set", given(v)), { class: "inline", "aria-label": A.change }),
    operator && form(button(u.enabled ? A.disable : A.enable), () => act("account-set", { [u.enabled ? "disable" : "enable"]: 1 }), { class: "inline" }));

    const password = () => panel(A.setPassword, { note: A.passwordNote }, form([own && field(A.old, secret("old", { autocomplete: "current-password", required: true })),
        field(A.fresh, secret("password", { required: true, minlength: 12 })), field(A.again, secret("again", { required: true })), button(A.setPassword)],
    async (v) => {
        if (v.password !== v.again) throw new Error(T.door.differ);
        delete v.again;
        await act("password", v);
        if (own) location.reload();
    }, { class: "inline" }));

    const tokens = (u) => {
        const list = table(A.tokens, [
            { title: A.tokenName, cell: (t) => foreign(t.name, 40) }, { title: A.role, cell: (t) => t.role }, { title: A.clearance, cell: (t) => tlp(t.clearance) },
            { title: A.expires, cell: (t) => (t.expires ? when(t.expires) : A.never) }, { title: A.used, cell: (t) => (t.used ? time(t.used) : A.never) },
            { title: "", cell: (t) => h("button", { class: "more", type: "button", "aria-label": A.drop(t.name), onclick: () => act("token-drop", { token: t.name }) }, "×") },
        ], u.token_list);
        return panel(A.tokens, { note: A.inherits }, made && h("div", { class: "stack" }, h("p", null, A.shown), h("p", { class: "secret" }, made), h("p", null, h("button", { class: "button", type: "button", onclick: () => copy(made) }, T.copy))),
            u.token_list.length ? list.node : h("p", { class: "empty" }, A.none),
            form([field(A.tokenName, text("token", { required: true, maxlength: 32 })), field(A.role, select("role", [["", A.as], ...roles], "")), field(A.clearance, select("tlp", [["", A.as], ...marks], "")),
                field(A.expires, h("input", { type: "date", name: "until" })), button(A.makeToken)],
            async (v) => { const r = await post("token", { account: name, ...given(v) }); made = r.token; await draw(); }, { class: "inline", "aria-label": A.token }));
    };
    const draw = async () => {
        const u = await get("account", { account: name }, signal);
        box.replaceChildren(about(u), tokens(u), password());
    };
    await draw();
    return [heading(foreign(name, 40), A.name), h("p", { class: "back" }, h("a", { href: "#/settings" }, "← " + A.back)), box];
}
