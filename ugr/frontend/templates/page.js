"use strict";
// What a page can do on top of what it says: sort its table, search it, move with the keys. Without this it says the same.
(() => {
  const MOST = 10000;
  const table = document.querySelector("table[data-sortable]");
  if (!table) return;
  const body = table.tBodies[table.tBodies.length - 1];
  const rows = [...body.rows];
  const tools = document.querySelector(".tools");
  if (rows.length > MOST) {
    document.querySelector("[data-many]").hidden = false;
    return;
  }
  const search = tools && tools.querySelector("input");
  const count = tools && tools.querySelector("output");
  const heads = [...table.tHead.rows[0].cells];
  const words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const text = (row, column) => row.cells[column].textContent.trim();
  const number = (row, column) => {
    const cell = row.cells[column];
    const digits = (cell.title || cell.textContent).replace(/[^\d.]/g, "");
    return digits ? Number(digits) : NaN;
  };
  const keys = {
    text: (row, column) => text(row, column),
    number,
    time: (row, column) => row.cells[column].title,
  };
  const unknown = (key) => key === "" || Number.isNaN(key);
  const state = new URLSearchParams(location.hash.slice(1));

  function keep() {
    const written = state.toString();
    history.replaceState(null, "", written ? "#" + written : location.pathname + location.search);
  }

  function sort(column, down) {
    const kind = heads[column].dataset.kind;
    const sign = down ? -1 : 1;
    const keyed = rows.map((row, index) => ({ row, index, key: keys[kind](row, column), dir: row.classList.contains("dir") }));
    keyed.sort((a, b) => {
      if (a.dir !== b.dir) return a.dir ? -1 : 1;
      if (unknown(a.key) || unknown(b.key)) return unknown(a.key) - unknown(b.key) || a.index - b.index;
      const order = kind === "text" ? words.compare(a.key, b.key) : (a.key > b.key) - (a.key < b.key);
      return order * sign || a.index - b.index;
    });
    body.append(...keyed.map((item) => item.row));
    heads.forEach((head, other) => {
      if (other === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
  }

  heads.forEach((head, column) => {
    if (!head.dataset.kind) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sorted = head.getAttribute("aria-sort");
      const down = sorted ? sorted === "ascending" : head.dataset.kind !== "text";
      sort(column, down);
      state.set("sort", column);
      if (down) state.set("down", "1");
      else state.delete("down");
      keep();
    });
  });
  const column = Number(state.get("sort") ?? NaN);
  if (heads[column]?.dataset.kind) sort(column, state.has("down"));

  const names = new Map(rows.map((row) => [row, text(row, 0).toLowerCase()]));
  const shown = () => [...table.querySelectorAll("tbody tr:not([hidden]) a")];

  function find() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of rows) {
      const name = names.get(row);
      row.hidden = !wanted.every((word) => name.includes(word));
      if (!row.hidden) found += 1;
    }
    count.textContent = wanted.length ? `${found} of ${rows.length}` : "";
    if (search.value) state.set("find", search.value);
    else state.delete("find");
    keep();
  }

  if (search && rows.length > 1) {
    tools.hidden = false;
    document.querySelector(".keys").hidden = false;
    search.addEventListener("input", find);
    if (state.get("find")) {
      search.value = state.get("find");
      find();
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input");
    if (event.key === "/" && !typing && search && !tools.hidden) {
      search.focus();
      search.select();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      find();
      search.blur();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && (!typing || event.target === search)) {
      const links = shown();
      const at = links.indexOf(document.activeElement);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (at < 0 && step < 0) return;
      if (at === 0 && step < 0 && search && !tools.hidden) search.focus();
      else links[Math.min(at + step, links.length - 1)]?.focus();
    } else if (event.key === "Enter" && event.target === search) {
      shown().find((link) => body.contains(link))?.focus();
    } else {
      return;
    }
    event.preventDefault();
  });
})();
