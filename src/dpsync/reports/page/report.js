
"use strict";
// The filters and the keys. Everything is on the page already: this only hides, opens and counts.
(() => {
  const cards = [...document.querySelectorAll("details.change")];
  const groups = [...document.querySelectorAll("section.group")];
  const form = document.getElementById("filters");
  const find = document.getElementById("find");
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  const texts = new Map();

  const textOf = (card) => {
    if (!texts.has(card)) texts.set(card, `${card.textContent} ${card.id}`.toLowerCase());
    return texts.get(card);
  };
  const ticked = (name) => new Set([...form.querySelectorAll(`input[name="${name}"]:checked`)].map((box) => box.value));
  const visible = () => cards.filter((card) => !card.hidden);

  const filter = () => {
    const wanted = ["class", "state", "kind"].map((name) => [name, ticked(name)]);
    const domain = form.elements.domain ? form.elements.domain.value : "";
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const card of cards) {
      const fits = wanted.every(([name, values]) => !values.size || values.has(card.dataset[name]))
        && (!domain || card.dataset.domain.split("\n").includes(domain))
        && words.every((word) => textOf(card).includes(word));
      if (card.hidden === fits) card.hidden = !fits;
    }
    for (const group of groups) group.hidden = !group.querySelector("details.change:not([hidden])");
    const number = visible().length;
    const all = cards.length.toLocaleString("en");
    shown.textContent = number === cards.length ? `${all} changes` : `${number.toLocaleString("en")} of ${all} changes`;
    none.hidden = number > 0;
  };

  const aim = () => {
    let name = "";
    try { name = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const card = cards.find((one) => one.id === name);
    if (!card) return;
    if (card.hidden) { form.reset(); filter(); }
    card.open = true;
    card.scrollIntoView();
    card.querySelector("summary").focus({ preventScroll: true });
  };

  const step = (by) => {
    const some = visible();
    if (!some.length) return;
    const here = document.activeElement ? some.indexOf(document.activeElement.closest("details.change")) : -1;
    const next = here < 0 ? (by > 0 ? 0 : some.length - 1) : Math.min(Math.max(here + by, 0), some.length - 1);
    some[next].querySelector("summary").focus();
    some[next].scrollIntoView({ block: "nearest" });
  };

  if (form) {
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(filter));
    document.getElementById("open").addEventListener("click", () => { for (const card of visible()) card.open = true; });
    document.getElementById("close").addEventListener("click", () => { for (const card of visible()) card.open = false; });
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const typing = event.target.matches("input[type=search], select");
      if (event.key === "Escape") { form.reset(); if (typing) event.target.blur(); return; }
      if (typing) return;
      if (event.key === "/") { event.preventDefault(); find.focus(); find.select(); }
      if (event.key === "j") step(1);
      if (event.key === "k") step(-1);
    });
    filter(); // a browser may bring back what was typed before
  }
  addEventListener("hashchange", aim);
  addEventListener("load", () => setTimeout(aim)); // after the browser has gone there itself

  // On paper everything stands open, and afterwards as it was.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("main details:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; closed = []; });
})();
