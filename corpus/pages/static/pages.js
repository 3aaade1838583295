// What the pages do in the browser beyond htmx: colours, stepping through a proof, folding a tree. Every page is whole
// without it. No text is ever put into the page as HTML here.
import hljs from "/static/vendor/highlight-core.min.js";
import lean from "/static/vendor/highlight-lean.min.js";

hljs.registerLanguage("lean", lean);
hljs.configure({ cssSelector: "code.lean", languages: ["lean"], ignoreUnescapedHTML: true });

const typing = (event) => /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.altKey || event.metaKey;

function colour(root) {
  for (const code of root.querySelectorAll("code.lean:not([data-highlighted])")) {
    code.classList.add("language-lean");
    hljs.highlightElement(code);
  }
}

function stepper(box) {
  const last = Number(box.dataset.last);
  let at = Number(new URLSearchParams(location.search).get("step") ?? 0);
  const go = (to) => {
    at = Math.max(0, Math.min(last, to));
    for (const state of box.querySelectorAll("[data-state]")) state.hidden = Number(state.dataset.state) !== at;
    for (const link of box.querySelectorAll("[data-step]")) {
      const here = Number(link.dataset.step) === at;
      link.parentElement.classList.toggle("here", here);
      if (here) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    }
    for (const link of box.querySelectorAll("[data-move]")) {
      link.setAttribute("href", `?step=${Math.max(0, Math.min(last, at + Number(link.dataset.move)))}`);
    }
    history.replaceState(history.state, "", `?step=${at}`);
  };
  box.addEventListener("click", (event) => {
    const link = event.target.closest("[data-step], [data-move]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.dataset.step !== undefined ? Number(link.dataset.step) : at + Number(link.dataset.move));
  });
  document.addEventListener("keydown", (event) => {
    if (typing(event) || event.ctrlKey || event.shiftKey) return;
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (move === undefined || !box.isConnected) return;
    // Up and down scroll the page, unless the list of tactics has the focus.
    if (event.key.match(/Up|Down/) && !box.querySelector(".script").contains(document.activeElement)) return;
    event.preventDefault();
    go(at + move);
  });
}

function tree(tools) {
  const root = document.getElementById("tree");
  const nodes = [...root.querySelectorAll("details.node")];
  const input = document.getElementById("tree-filter");
  const count = document.getElementById("tree-count");
  for (const button of tools.querySelectorAll("[data-fold]")) {
    button.addEventListener("click", () => {
      const how = button.dataset.fold;
      for (const node of nodes) node.open = how === "open" || (how === "solved" && node.classList.contains("solved"));
      if (how === "close" && nodes.length) nodes[0].open = true;
    });
  }
  input.addEventListener("input", () => {
    const text = input.value.trim().toLowerCase();
    let found = 0;
    const keep = new Set();
    for (const node of nodes) {
      if (text && !node.dataset.text.toLowerCase().includes(text)) continue;
      found += 1;
      for (let up = node; up && up !== root; up = up.parentElement.closest("details.node")) {
        if (text && up !== node) up.open = true;
        keep.add(up);
      }
    }
    for (const node of nodes) node.hidden = text !== "" && !keep.has(node);
    count.textContent = text ? `${found} of ${nodes.length} states match` : "";
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !typing(event)) {
      event.preventDefault();
      input.focus();
    }
  });
  const button = tools.querySelector("[data-graph]");
  button.addEventListener("click", async () => {
    const box = document.getElementById("graph");
    box.hidden = !box.hidden;
    button.setAttribute("aria-expanded", String(!box.hidden));
    if (!box.hidden && !box.dataset.drawn) {
      box.dataset.drawn = "yes";
      await draw(button.dataset.graph, box);
    }
  });
}

function script(address) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = address;
    element.onload = resolve;
    element.onerror = reject;
    document.head.append(element);
  });
}

async function draw(address, box) {
  const note = document.getElementById("graph-note");
  note.textContent = "drawing …";
  // cytoscape adds a style element of its own, which the content security policy refuses, unless one of this id is
  // there. Ours (in pages.css) says the same.
  const present = document.createElement("meta");
  present.id = "__________cytoscape_stylesheet";
  document.head.append(present);
  const [answer] = await Promise.all([fetch(address), script("/static/vendor/cytoscape.min.js")]);
  await script("/static/vendor/cytoscape-dagre.min.js");
  if (!answer.ok) {
    note.textContent = "The graph could not be read.";
    return;
  }
  const data = await answer.json();
  const colours = getComputedStyle(document.documentElement);
  const colour = (name) => colours.getPropertyValue(`--${name}`).trim();
  const canvas = box.querySelector(".canvas");
  const picture = window.cytoscape({
    container: canvas,
    elements: [
      ...data.nodes.map((node) => ({ data: node })),
      ...data.edges.map((edge, number) => ({ data: { id: `e${number}`, ...edge } })),
    ],
    style: [
      { selector: "node", style: { label: "data(label)", "font-size": 10, color: colour("text"), "text-valign": "center", "background-color": colour("faint"), "border-width": 1, "border-color": colour("quiet"), width: 26, height: 26 } },
      { selector: "node[?solved]", style: { "background-color": colour("accent-soft"), "border-color": colour("accent"), "border-width": 2 } },
      { selector: "edge", style: { width: 1, "line-color": colour("line"), "target-arrow-color": colour("quiet"), "target-arrow-shape": "triangle", "arrow-scale": 0.7, "curve-style": "bezier" } },
      { selector: "edge[?merged]", style: { "line-style": "dashed" } },
      { selector: "edge[?solved]", style: { "line-color": colour("accent"), "target-arrow-color": colour("accent"), width: 2, label: "data(label)", "font-size": 9, color: colour("text"), "text-background-color": colour("card"), "text-background-opacity": 0.9, "text-wrap": "ellipsis", "text-max-width": 160 } },
    ],
    layout: { name: "dagre", rankDir: "TB", nodeSep: 14, rankSep: 44, animate: false },
    maxZoom: 2,
  });
  const left = data.left_out ? ` ${data.left_out} states are left out.` : "";
  const help = `Drag to move, scroll to zoom; a click on a state shows it here. Dashed: the state was known already.${left}`;
  note.textContent = help;
  picture.on("tap", "node", (event) => {
    note.textContent = `state ${event.target.data("label")}: ${event.target.data("state")}`;
  });
}

function source(link) {
  // The one link that leaves this machine; it is made here, and only a click follows it.
  const packed = window.LZString.compressToBase64(link.dataset.code).replace(/=+$/, "");
  link.href = `https://live.lean-lang.org/#codez=${encodeURIComponent(packed).replace(/%2F/g, "/")}`;
  link.removeAttribute("aria-disabled");
}

function copy(button) {
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it and press Ctrl-C";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}

function settle(root) {
  colour(root);
  root.querySelectorAll(".stepper:not(.every)").forEach(stepper);
  root.querySelectorAll("[data-tree]").forEach(tree);
  root.querySelectorAll("[data-copy]").forEach(copy);
  root.querySelectorAll("#live-lean").forEach(source);
}

// Empty filters stay out of the address.
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.elt.closest("[data-shorten]")) return;
  for (const [name, value] of [...event.detail.formData.entries()]) {
    if (value === "" || (name === "sort" && value === "benchmark")) event.detail.formData.delete(name);
  }
});
document.addEventListener("htmx:afterSettle", (event) => colour(event.target));
document.addEventListener("htmx:historyRestore", () => settle(document.body));
settle(document.body);
