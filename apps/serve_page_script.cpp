#include "apps/serve_page.h"

namespace ganymede::apps {

const char* const kServeScript = R"js(
const NAMES = {sample: "Samples"}, NOT_SHOWN = ["together", "n"], LIVE = ["translate", "style", "score", "reconstruct", "paint", "inpaint"];
const WORDS = {STYLE: "Style", MASK: "Mask: draw over what is to be changed"};
let limits = {pixels: 1 << 20}, about = null, task = null, paperColour = "#ffffff", examples = [];
const slots = new Map(), values = new Map(), live = new Map();

const title = name => NAMES[name] || name.charAt(0).toUpperCase() + name.slice(1).replace(/-/g, " ");
function problem(line) { $("problem").hidden = !line; $("problem").textContent = line || ""; }
function state(text, busy) { $("state").textContent = text; $("state").classList.toggle("busy", !!busy); }
const dice = () => Math.floor(Math.random() * 1e6);

// One request at a time; what changes meanwhile asks once more, with the newest state.
let asking = false, again = false, timer = 0;
function ask(soon) {
  clearTimeout(timer);
  if (asking) { again = true; return; }
  timer = setTimeout(request, soon ? 0 : 60);
}
async function request() {
  asking = true; again = false;
  const asked = task;
  state("working", true);
  try {
    const start = performance.now(), answer = await (asked.name === "sample" ? fetch(sampleAddress()) : applied(asked));
    if (answer.status === 429) { state("waiting for the model", true); again = true; await new Promise(done => setTimeout(done, 700)); }
    else if (!answer.ok) { problem((await answer.text()).trim()); state(""); }
    else if (asked.name === "sample") {
      const sheet = await answer.blob();
      if (asked === task) { results([{name: asked.name, address: URL.createObjectURL(sheet)}]); state(Math.round(performance.now() - start) + " ms"); problem(""); }
    } else {
      const made = await answer.json();
      if (asked === task) {
        results(made.results.map(r => ({...r, addresses: r.frames.map(f => "data:image/png;base64," + f)})).map(r => ({...r, address: r.addresses[0]})));
        state(made.milliseconds < 10000 ? Math.round(made.milliseconds) + " ms" : (made.milliseconds / 1000).toFixed(1) + " s"); problem((made.notes || []).join("; "));
      }
    }
  } catch (e) { problem("The server does not answer. Is it still running?"); state(""); }
  asking = false;
  if (again) ask(true);
}
const wordsOf = t => t.inputs.split(/\s+/).filter(w => w).map(w => w.replace(/[^A-Z]/g, ""));
async function applied(t) {
  const form = new FormData(), own = values.get(t.name), query = new URLSearchParams({format: "json", seed: own.seed, count: own.count});
  for (const s of t.settings) if (own[s.name] !== undefined && own[s.name] !== s.standard) query.set(s.name, own[s.name]);
  let pictures = 0;
  for (const word of wordsOf(t)) {
    const slot = slots.get(word);
    if (t.least > 0 || slot.touched) { form.append(word.toLowerCase(), await slot.blob(), "picture.png"); ++pictures; }
  }
  return fetch("/apply/" + encodeURIComponent(t.name) + "?" + query, {method: "POST", body: pictures ? form : undefined});
}
function sampleAddress() {
  const v = values.get("sample"), query = new URLSearchParams({seed: v.seed});
  if (about.sample.pictures) query.set("count", v.count);
  if (v.at > 0) { query.set("to", v.to); query.set("at", v.at); }
  if (v.class >= 0) query.set("class", v.class);
  if (v.truncation) query.set("truncation", v.truncation);
  return "/sample?" + query;
}

let playing = 0;
function results(all) {
  clearInterval(playing);
  for (const old of $("results").querySelectorAll("img")) if (old.src.startsWith("blob:")) URL.revokeObjectURL(old.src);
  $("results").classList.toggle("one", all.length === 1);
  $("results").replaceChildren(...all.map(r => {
    const figure = make("figure"), name = make("span", {textContent: all.length > 1 ? r.name.toLowerCase().replace(/_/g, " ") : ""});
    if (!r.address) { figure.append(make("pre", {textContent: JSON.stringify(r.json, null, 1)}), make("figcaption", {}, name)); return figure; }
    const image = make("img", {src: r.address, alt: "Result: " + title(r.name)}), size = make("span");
    image.onload = () => {
      image.classList.toggle("crisp", image.naturalWidth <= 160 || task.name === "sample");
      size.textContent = image.naturalWidth + " \u00d7 " + image.naturalHeight;
    };
    if (r.addresses && r.addresses.length > 1) {
      let i = 0;
      playing = setInterval(() => { i = (i + 1) % r.addresses.length; image.src = r.addresses[i]; }, 1000 / (r.frames_per_second || 10));
    }
    if (!name.textContent) { name.replaceWith(size); figure.append(image, make("figcaption", {}, size, make("a", {href: r.address, download: r.name + ".png", textContent: "Download"}))); }
    else figure.append(image, make("figcaption", {}, name, make("a", {href: r.address, download: r.name + ".png", textContent: "Download"})));
    return figure;
  }));
}

// A labelled control; store(value) after every change.
function setting(label, hint, control) { return make("div", {className: "setting"}, make("b", {textContent: label}), make("div", {className: "row"}, ...control), make("small", {textContent: hint || ""})); }
function slider(value, least, most, step, store, label) {
  const range = make("input", {type: "range", min: least, max: most, step, value}), number = make("input", {type: "number", min: least, max: most, step, value});
  range.setAttribute("aria-label", label); number.setAttribute("aria-label", label);
  const both = from => { range.value = number.value = from.value; store(from.value); };
  range.oninput = () => both(range);
  number.onchange = () => { range.value = number.value; store(number.value); };
  return [range, number];
}
function diced(own, name, label) {
  const number = make("input", {type: "number", min: 0, step: 1, value: own[name]});
  number.setAttribute("aria-label", label);
  number.onchange = () => { own[name] = Math.max(0, Math.floor(+number.value) || 0); number.value = own[name]; changed(true); };
  return [make("button", {textContent: "\u2684 Roll", title: "Other random numbers", onclick: () => { number.value = own[name] = dice(); changed(true); }}), number];
}
function controls(t) {
  const own = values.get(t.name), all = [];
  for (const s of t.settings) {
    if (NOT_SHOWN.includes(s.name)) continue;
    const value = own[s.name] === undefined ? s.standard : own[s.name], store = v => { own[s.name] = String(v); changed(); };
    let hint = s.meaning;
    if (s.options) {
      const list = ": " + [...s.options].sort().join(", "), cut = hint.lastIndexOf(": ");
      if (cut >= 0 && ": " + hint.slice(cut + 2).split(", ").sort().join(", ") === list) hint = hint.slice(0, cut);
    }
    let control;
    if (s.options && s.options.length === 2 && s.options.includes("true") && s.options.includes("false")) {
      const box = make("input", {type: "checkbox", checked: value === "true"});
      box.onchange = () => store(box.checked);
      control = [make("label", {className: "check"}, box, hint)];
      hint = "";
    } else if (s.options) {
      const choice = make("select");
      choice.append(...s.options.map(o => make("option", {textContent: o, value: o, selected: o === value})));
      choice.setAttribute("aria-label", s.name);
      choice.onchange = () => store(choice.value);
      control = [choice];
    } else {
      // Where a bound is missing or far away, the slider covers what is near the standard; the box takes everything.
      const standard = +s.standard, least = s.least !== undefined && s.least > -1e6 ? s.least : Math.min(0, 2 * standard);
      let most = s.most !== undefined ? s.most : Infinity;
      if (most > 20 * Math.max(1, Math.abs(standard))) most = Math.max(s.whole ? 10 : 1, 4 * Math.abs(standard));
      const step = s.whole ? 1 : 10 ** Math.floor(Math.log10(Math.max(1e-6, (most - least) / 100)));
      control = slider(value, least, most, step, store, s.name);
      control[1].removeAttribute("max"); control[1].step = s.whole ? 1 : "any";
    }
    all.push(setting(title(s.name.replace(/_/g, " ")), hint, control));
  }
  return all;
}
function sampleControls() {
  const own = values.get("sample"), s = about.sample, all = [];
  all.push(setting("Noise", "Every number stands for other random points.", diced(own, "seed", "Noise")));
  if (s.latent && s.pictures) all.push(setting("Way to other noise", "Moves every sample towards the second points.", slider(own.at, 0, 1, 0.01, v => { own.at = +v; changed(); }, "Way to other noise")),
                           setting("Second noise", "", diced(own, "to", "Second noise")));
  if (s.pictures) all.push(setting("Pictures", "", slider(own.count, 1, s.most, 1, v => { own.count = v; changed(); }, "Pictures")));
  if (s.classes && s.classes.length) {
    const choice = make("select", {}, make("option", {value: -1, textContent: "all"}), ...s.classes.map((c, i) => make("option", {value: i, textContent: c})));
    choice.value = own.class;
    choice.setAttribute("aria-label", "Class");
    choice.onchange = () => { own.class = +choice.value; changed(); };
    all.push(setting("Class", "", [choice]));
  }
  if (s.pictures && s.normal) all.push(setting("Truncation", (s.to_mean ? "Draws samples towards their mean: 1 as they are, smaller nearer; 0: off." : "Keeps each coordinate of the noise below this; 0: free.") + " Less variety, fewer odd ones.", slider(own.truncation, 0, 3, 0.1, v => { own.truncation = +v; changed(); }, "Truncation")));
  return all;
}

// Nothing is asked for before a mask is drawn.
const ready = t => t.name === "sample" || !wordsOf(t).includes("MASK") || slots.has("MASK") && slots.get("MASK").marked();
function changed(always) { if ((always || live.get(task.name)) && ready(task)) ask(); }
function choose(t) {
  task = t;
  problem(""); state("");
  for (const b of $("tabs").children) b.setAttribute("aria-selected", b.textContent === title(t.name));
  const help = t.help || "";
  $("help").textContent = help ? help.charAt(0).toUpperCase() + help.slice(1) + (help.endsWith(".") ? "" : ".") : "";
  const words = t.name === "sample" ? [] : wordsOf(t), drawn = words.length > 0;
  document.querySelector("main").classList.toggle("alone", !drawn);
  $("inputs").hidden = !drawn;
  for (const word of words) if (!slots.has(word)) addSlot(word);
  if (words.length === 2 && words[1] === "MASK") slots.get("MASK").over(slots.get(words[0]));
  $("slots").replaceChildren(...words.map(w => slots.get(w).figure));
  $("slots").classList.toggle("several", words.length > 1);
  if (drawn) activate(slots.get(words[words.length - 1]));
  $("examples").hidden = !examples.length;
  $("drive").replaceChildren(make("button", {className: "main", id: "go", textContent: t.name === "sample" ? "Roll the dice" : title(t.name), onclick: () => {
    if (t.name === "sample") { values.get("sample").seed = dice(); $("settings").replaceChildren(...sampleControls()); }
    ask(true);
  }}));
  if (drawn) {
    const box = make("input", {type: "checkbox", id: "live", checked: live.get(t.name)});
    box.onchange = () => { live.set(t.name, box.checked); changed(); };
    $("drive").append(make("label", {className: "check"}, box, "while drawing"));
  }
  const own = values.get(t.name);
  $("settings").replaceChildren(...(t.name === "sample" ? sampleControls() : [
    setting("Randomness", "Where the model draws: noise, dropout, a style.", diced(own, "seed", "Randomness")),
    ...(t.draws ? [setting("Results", t.inputs ? "Of each picture." : "", slider(own.count, 1, 16, 1, v => { own.count = v; changed(); }, "Results"))] : []),
    ...controls(t),
    ...(drawn ? [setting("Opened pictures", "", [make("label", {className: "check"}, make("input", {type: "checkbox", id: "own"}), "keep their own size; otherwise " + about.width + " \u00d7 " + about.height + ", as in training")])] : [])]));
  $("results").replaceChildren(make("p", {className: "empty", textContent: !drawn ? "" : (ready(t) ? "Draw, " : "Draw over what is to be changed, ") + (live.get(t.name) ? "and the result will appear here." : "then press \u201c" + title(t.name) + "\u201d.")}));
  if (ready(t) && (live.get(t.name) || !drawn && t.name === "sample")) ask(true);
}
function addSlot(word) {
  const mask = word === "MASK", slot = new Slot(WORDS[word] || word, about.height, about.width, mask ? "#000000" : paperColour, () => changed());
  slots.set(word, slot);
  if (examples.length && !mask) { slot.show(examples[0], false, limits.pixels); slot.past = []; slot.touched = false; }
}
async function loadExamples() {
  try {
    const answer = await fetch("/examples");
    if (!answer.ok) return;
    examples = await Promise.all((await answer.json()).pictures.map(async p => { const i = new Image(); i.src = "data:image/png;base64," + p; await i.decode(); return i; }));
  } catch (e) { return; }
  if (!examples.length) return;
  if (!about.palette) {
    const seen = commonest(examples, 10), black = ["#000000", "#ffffff"].filter(c => !seen.includes(c));
    paperColour = seen[0];
    palette([...seen.slice(1), seen[0], ...black].slice(0, 12));
  }
  $("examples").replaceChildren("Start from", ...examples.map((image, i) => make("button", {title: "Example " + (i + 1), onclick: () => active && active.show(image, false, limits.pixels)}, make("img", {src: image.src, alt: "Example " + (i + 1)}))));
}
async function begin() {
  try { about = await (await fetch("/tasks")).json(); } catch (e) { problem("The server does not answer."); return; }
  limits = about.limits;
  document.title = about.model + " \u2013 Ganymede";
  $("model").textContent = about.model;
  $("about").textContent = about.run + ", iteration " + about.iteration;
  if (about.palette) namedPalette(about.palette);
  else palette(about.input_channels === 1 ? ["#000000", "#404040", "#808080", "#c0c0c0", "#ffffff"] : ["#000000", "#ffffff", "#e5484d", "#f5a623", "#f2d94e", "#46a758", "#2f9ee0", "#8e4ec6"]);
  pencil.size = Math.max(1, Math.round(about.width / 20));
  $("size").max = Math.max(8, Math.round(about.width / 4));
  $("size").value = pencil.size;
  pick("pen");
  const order = t => t.name === "translate" ? 0 : 1, all = [...about.tasks].sort((a, b) => order(a) - order(b));
  const samples = {name: "sample", inputs: "", settings: [], help: about.sample.latent ? "Pictures from random points of the latent space." : "The model's sheet: inputs of the test split and what becomes of them."};
  if (about.sample.latent) all.unshift(samples);
  else if (!about.tasks.some(t => t.name === "samples")) all.push(samples);   // SinGAN's own has a scale
  for (const t of all) { values.set(t.name, t.name === "sample" ? {seed: 1, to: 2, at: 0, count: about.sample.latent ? 16 : 8, class: -1, truncation: 0} : {seed: 1, count: 1}); live.set(t.name, t.name === "sample" || LIVE.includes(t.name)); }
  $("tabs").replaceChildren(...all.map(t => make("button", {role: "tab", textContent: title(t.name), onclick: () => choose(t)})));
  for (const b of $("tabs").children) b.setAttribute("role", "tab");
  if (about.tasks.some(t => t.inputs)) await loadExamples();
  choose(all[0]);
}
for (const b of document.querySelectorAll("[data-tool]")) b.onclick = () => pick(b.dataset.tool);
$("size").oninput = () => { pencil.size = +$("size").value; };
$("size").setAttribute("aria-label", "Width of pen and eraser");
$("undo").onclick = () => active && active.undo();
$("clear").onclick = () => active && active.clear();
$("open").onclick = () => $("file").click();
$("file").onchange = () => { if (active) active.open($("file").files[0]); $("file").value = ""; };
addEventListener("dragover", e => e.preventDefault());
addEventListener("drop", e => { e.preventDefault(); if (active && !$("inputs").hidden) active.open(e.dataTransfer.files[0]); });
addEventListener("keydown", e => {
  if (e.target.matches("input[type=number],select")) return;
  if ((e.ctrlKey || e.metaKey) && e.key === "z") { e.preventDefault(); if (active) active.undo(); return; }
  const tool = {p: "pen", f: "fill", e: "erase"}[e.key];
  if (tool && !e.ctrlKey && !e.metaKey && !e.altKey) pick(tool);
});
begin();
)js";

}  // namespace ganymede::apps
