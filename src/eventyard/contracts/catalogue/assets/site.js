// Search over the index beside this file, and light on what a chosen box of a diagram is joined to.
"use strict";
{
  const root = document.currentScript.dataset.root;
  const input = document.getElementById("search");
  const list = document.getElementById("found");
  let chosen = -1;

  const rank = (entry, words) => {
    if (!words.every((word) => entry.words.includes(word))) return -1;
    const name = entry.name.toLowerCase();
    if (name === words.join(" ")) return 3;
    if (name.startsWith(words[0])) return 2;
    return words.every((word) => name.includes(word)) ? 1 : 0;
  };

  const find = (text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return [];
    return globalThis.catalogue
      .map((entry) => ({ entry, rank: rank(entry, words) }))
      .filter((each) => each.rank >= 0)
      .sort((one, other) => other.rank - one.rank || one.entry.name.localeCompare(other.entry.name))
      .slice(0, 30)
      .map((each) => each.entry);
  };

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    chosen = -1;
  };

  const go = (item) => {
    if (item && item.dataset.path) location.href = root + item.dataset.path;
  };

  const choose = (at) => {
    const items = [...list.children].filter((item) => item.dataset.path);
    if (!items.length) return;
    chosen = (at + items.length) % items.length;
    items.forEach((item, place) => item.setAttribute("aria-selected", String(place === chosen)));
    items[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", items[chosen].id);
  };

  const show = () => {
    const text = input.value.trim();
    list.replaceChildren();
    if (!text) return close();
    const found = find(text);
    for (const [at, entry] of found.entries()) {
      const item = document.createElement("li");
      const name = document.createElement("span");
      const kind = document.createElement("small");
      item.id = `found-${at}`;
      item.setAttribute("role", "option");
      item.dataset.path = entry.path;
      name.textContent = entry.name;
      kind.textContent = entry.kind;
      item.append(name, kind);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); go(item); });
      list.append(item);
    }
    if (!found.length) {
      const none = document.createElement("li");
      none.className = "none";
      none.textContent = "Nothing found.";
      list.append(none);
    }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    choose(0);
  };

  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") go(list.children[chosen]);
    else if (event.key === "Escape") { input.value = ""; close(); input.blur(); }
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      input.focus();
    }
  });

  for (const flow of document.querySelectorAll(".flow")) {
    const lines = [...flow.querySelectorAll(".line")];
    const boxes = [...flow.querySelectorAll("a[data-node]")];
    const light = (box) => {
      const node = box.dataset.node;
      const lit = new Set([node]);
      for (const line of lines) {
        const joined = line.dataset.from === node || line.dataset.to === node;
        line.classList.toggle("lit", joined);
        if (joined) lit.add(line.dataset.from).add(line.dataset.to);
      }
      for (const each of boxes) each.classList.toggle("lit", lit.has(each.dataset.node));
      flow.classList.add("choosing");
    };
    for (const box of boxes) {
      for (const event of ["mouseenter", "focus"]) box.addEventListener(event, () => light(box));
      for (const event of ["mouseleave", "blur"]) box.addEventListener(event, () => flow.classList.remove("choosing"));
    }
  }
}
