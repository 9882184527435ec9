// Before the first paint, so that nothing flashes: what was chosen here last, else the system's.
"use strict";
(() => {
    let theme = null;
    try { theme = localStorage.getItem("theme"); } catch { /* no storage: the system's */ }
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
})();
