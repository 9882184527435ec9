// page_door.js: before anybody is known: logging in, and the first operator by the link. What is
// typed here goes to the node once and is kept nowhere.
import { T } from "./strings.js";
import { h, panel } from "./dom.js";
import { door } from "./api.js";

const D = T.door;

// fields: {name, label, type, complete, optional}. done(values) fails with a sentence.
function form(fields, action, done) {
    const said = h("p", { class: "wrong", role: "alert" }), go = h("button", { class: "button main", type: "submit" }, action);
    const inputs = fields.map((f) => h("input", { type: f.type || "text", name: f.name, autocomplete: f.complete || "off", required: !f.optional, minlength: f.least, autocapitalize: "none", spellcheck: "false" }));
    return h("form", {
        class: "stack door",
        onsubmit: async (ev) => {
            ev.preventDefault();
            go.disabled = true;
            said.replaceChildren();
            try {
                await done(Object.fromEntries(inputs.map((e) => [e.name, e.value])));
            } catch (e) {
                said.replaceChildren(e.message);
                inputs.filter((i) => i.type === "password").forEach((i) => { i.value = ""; });
                inputs.find((i) => !i.value)?.focus();
            }
            go.disabled = false;
        },
    }, fields.map((f, i) => h("label", { class: "field" }, f.label, inputs[i], f.help && h("span", null, f.help))), said, h("p", null, go));
}

const why = (e) => { throw e.status === 401 ? new Error(D.wrong) : e.status === 429 ? new Error(D.wait) : e.status === 503 ? new Error(D.busy) : e; };
const login = (name, password) => door("login", { name, password }).catch(why);

export function loginPage(done) {
    return [panel(D.title, form([
        { name: "name", label: D.name, complete: "username" },
        { name: "password", label: D.password, type: "password", complete: "current-password" },
    ], D.login, async (v) => { await login(v.name.trim(), v.password); await done(); }))];
}

// The secret is taken out of the address before anything else, and so out of the history.
export function firstPage(done) {
    const link = location.hash.slice(1);
    history.replaceState(null, "", "/first");
    if (!/^entl_[A-Za-z0-9_-]{43}$/.test(link)) return [panel(D.first, h("p", null, D.noLink))];
    return [panel(D.first, h("p", { class: "muted" }, D.firstText), form([
        { name: "name", label: D.name, complete: "username", help: D.nameHelp },
        { name: "display", label: D.display, optional: true, complete: "name" },
        { name: "password", label: D.password, type: "password", complete: "new-password", least: 12, help: D.passwordHelp },
        { name: "again", label: D.again, type: "password", complete: "new-password" },
    ], D.make, async (v) => {
        if (v.password !== v.again) throw new Error(D.differ);
        const name = v.name.trim();
        await door("first", { link, name, display: v.display.trim(), password: v.password }).catch((e) => { throw e.status === 401 ? new Error(D.badLink) : e; });
        await login(name, v.password);
        history.replaceState(null, "", "/");
        await done();
    }))];
}
