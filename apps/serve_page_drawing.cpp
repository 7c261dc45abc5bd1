#include "apps/serve_page.h"

namespace ganymede::apps {

const char* const kServeDrawing = R"js(
const $ = id => document.getElementById(id);
const make = (tag, properties = {}, ...children) => { const e = Object.assign(document.createElement(tag), properties); e.append(...children); return e; };
const LONGEST = 30;                     // steps that can be undone
const pencil = {tool: "pen", colour: "#000000", size: 4};
let active = null;                      // the canvas that the toolbar works on

// A canvas with the picture's own pixels: what is seen is what is sent. Lines have hard edges, so that the colours of a label
// map stay the ones of its palette.
class Slot {
  constructor(word, height, width, background, changed) {
    this.word = word; this.background = background; this.touched = false; this.past = [];
    this.changed = () => { if (this.above) this.above.follow(); changed(this); };
    this.canvas = make("canvas", {tabIndex: 0});
    this.paper = this.canvas.getContext("2d", {willReadFrequently: true});
    this.title = make("b", {textContent: word.charAt(0) + word.slice(1).toLowerCase()});
    this.dimensions = make("span");
    this.stage = make("div", {className: "stage"}, this.canvas);
    this.figure = make("figure", {className: "slot"}, this.stage, make("figcaption", {}, this.title, this.dimensions));
    this.canvas.setAttribute("aria-label", "Drawing: " + this.title.textContent);
    this.height = height; this.width = width;
    this.resize(height, width);
    this.canvas.addEventListener("pointerdown", e => this.down(e));
    this.canvas.addEventListener("pointermove", e => this.move(e));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => { this.at = null; });
    this.figure.addEventListener("dragover", e => { e.preventDefault(); this.figure.classList.add("over"); });
    this.figure.addEventListener("dragleave", () => this.figure.classList.remove("over"));
    this.figure.addEventListener("drop", e => { e.preventDefault(); e.stopPropagation(); this.figure.classList.remove("over"); this.open(e.dataTransfer.files[0]); });
  }
  resize(height, width) {
    this.canvas.height = height; this.canvas.width = width;
    this.canvas.style.aspectRatio = width + "/" + height;
    this.canvas.style.setProperty("--ratio", width / height);
    this.canvas.classList.toggle("crisp", width <= 160);
    this.dimensions.textContent = width + " \u00d7 " + height;
    this.wipe();
  }
  // A mask lies over the picture that it belongs to, takes its size and is drawn in white alone.
  over(picture) {
    if (this.picture) this.picture.above = null;
    else {
      this.ink = "#ffffff"; this.under = make("canvas", {className: "under"});
      this.stage.prepend(this.under); this.stage.classList.add("over-picture");
    }
    this.picture = picture; picture.above = this;
    this.follow();
  }
  // Whether anything is drawn on it.
  marked() {
    const d = this.paper.getImageData(0, 0, this.canvas.width, this.canvas.height).data;
    for (let i = 0; i < d.length; i += 4) if (d[i] > 127) return true;
    return false;
  }
  follow() {
    const from = this.picture.canvas, to = this.under;
    if (from.width !== this.canvas.width || from.height !== this.canvas.height) { this.resize(from.height, from.width); this.past = []; }
    to.width = from.width; to.height = from.height; to.classList.toggle("crisp", from.width <= 160);
    to.getContext("2d").drawImage(from, 0, 0);
  }
  pen() { return this.ink || pencil.colour; }
  wipe() { this.paper.fillStyle = this.background; this.paper.fillRect(0, 0, this.canvas.width, this.canvas.height); }
  remember() {
    this.past.push(this.paper.getImageData(0, 0, this.canvas.width, this.canvas.height));
    if (this.past.length > LONGEST) this.past.shift();
    this.touched = true;
  }
  undo() {
    const before = this.past.pop();
    if (!before) return;
    if (before.width !== this.canvas.width || before.height !== this.canvas.height) this.resize(before.height, before.width);
    this.paper.putImageData(before, 0, 0);
    this.changed(this);
  }
  clear() { this.remember(); if (!this.picture && (this.canvas.width !== this.width || this.canvas.height !== this.height)) this.resize(this.height, this.width); this.wipe(); this.changed(this); }
  place(e) {
    const box = this.canvas.getBoundingClientRect();
    return {x: (e.clientX - box.left) * this.canvas.width / box.width, y: (e.clientY - box.top) * this.canvas.height / box.height};
  }
  down(e) {
    if (e.button) return;
    activate(this);
    this.canvas.setPointerCapture(e.pointerId);
    this.remember();
    this.at = this.place(e);
    if (pencil.tool === "fill") { this.fill(Math.floor(this.at.x), Math.floor(this.at.y)); this.at = null; }
    else this.line(this.at, this.at);
    this.changed(this);
  }
  move(e) {
    if (!this.at) return;
    for (const part of e.getCoalescedEvents ? e.getCoalescedEvents() : [e]) { const to = this.place(part); this.line(this.at, to); this.at = to; }
    this.changed(this);
  }
  line(from, to) {
    const r = pencil.size / 2, steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) * 2));
    this.paper.fillStyle = pencil.tool === "erase" ? this.background : this.pen();
    for (let i = 0; i <= steps; ++i) {
      const x = from.x + (to.x - from.x) * i / steps, y = from.y + (to.y - from.y) * i / steps;
      if (r <= 0.5) { this.paper.fillRect(Math.floor(x), Math.floor(y), 1, 1); continue; }
      for (let row = Math.ceil(y - r - 0.5); row <= y + r - 0.5; ++row) {
        const half = Math.sqrt(Math.max(0, r * r - (row + 0.5 - y) ** 2)), left = Math.round(x - half), right = Math.round(x + half);
        if (right > left) this.paper.fillRect(left, row, right - left, 1);
      }
    }
  }
  fill(x, y) {
    const {width: w, height: h} = this.canvas, image = this.paper.getImageData(0, 0, w, h), d = image.data, at = (y * w + x) * 4;
    const old = [d[at], d[at + 1], d[at + 2]], now = [1, 3, 5].map(i => parseInt(this.pen().slice(i, i + 2), 16)), seen = new Uint8Array(w * h), todo = [y * w + x];
    while (todo.length) {
      const p = todo.pop(), i = p * 4;
      if (seen[p] || Math.abs(d[i] - old[0]) + Math.abs(d[i + 1] - old[1]) + Math.abs(d[i + 2] - old[2]) > 48) continue;
      seen[p] = 1;
      d[i] = now[0]; d[i + 1] = now[1]; d[i + 2] = now[2]; d[i + 3] = 255;
      if (p % w) todo.push(p - 1);
      if (p % w < w - 1) todo.push(p + 1);
      if (p >= w) todo.push(p - w);
      if (p < w * (h - 1)) todo.push(p + w);
    }
    this.paper.putImageData(image, 0, 0);
  }
  // Scaled to cover the canvas as it is trained, or at its own size (within the server's limit); below a mask, not on it.
  show(image, own, most) {
    if (this.picture) return this.picture.show(image, own, most);
    this.remember();
    const iw = image.naturalWidth || image.width, ih = image.naturalHeight || image.height;
    if (own) { const s = Math.min(1, Math.sqrt(most / (iw * ih))); this.resize(Math.max(1, Math.floor(ih * s)), Math.max(1, Math.floor(iw * s))); }
    else this.resize(this.height, this.width);
    const {width: w, height: h} = this.canvas, s = Math.max(w / iw, h / ih);
    this.paper.imageSmoothingEnabled = s < 1 || s % 1 > 0; this.paper.imageSmoothingQuality = "high";
    this.paper.drawImage(image, (w - iw * s) / 2, (h - ih * s) / 2, iw * s, ih * s);
    this.changed(this);
  }
  open(file) {
    if (!file) return;
    const image = new Image(), address = URL.createObjectURL(file);
    image.onload = () => { URL.revokeObjectURL(address); activate(this); this.show(image, $("own") && $("own").checked, limits.pixels); };
    image.onerror = () => { URL.revokeObjectURL(address); problem(file.name + ": this browser cannot read it as a picture; use a PNG or a JPEG"); };
    image.src = address;
  }
  blob() { return new Promise(done => this.canvas.toBlob(done, "image/png")); }
}

function activate(slot) {
  active = slot;
  for (const s of document.querySelectorAll(".slot")) s.classList.toggle("active", s === slot.figure);
}
function pick(tool) {
  pencil.tool = tool;
  for (const b of document.querySelectorAll("[data-tool]")) { b.setAttribute("role", "radio"); b.setAttribute("aria-checked", b.dataset.tool === tool); }
}
function colour(value, from) {
  pencil.colour = value;
  if (pencil.tool === "erase") pick("pen");
  for (const b of $("palette").children) b.setAttribute("aria-checked", b === from);
}
// Of label maps: what each colour means, and no other colours.
function namedPalette(meanings) {
  $("palette").replaceChildren(...meanings.map(m => {
    const dot = make("i"), b = make("button", {className: "named", title: m.name, onclick: () => colour(m.colour, b)}, dot, m.name);
    dot.style.background = m.colour; b.setAttribute("role", "radio");
    return b;
  }));
  paperColour = meanings[0].colour;
  const first = meanings[Math.min(1, meanings.length - 1)];
  colour(first.colour, [...$("palette").children].find(b => b.title === first.name));
}
function palette(colours) {
  $("palette").replaceChildren(...colours.map(c => {
    const b = make("button", {title: c, onclick: () => colour(c, b)});
    b.style.background = c; b.setAttribute("role", "radio"); b.setAttribute("aria-label", c);
    return b;
  }));
  const own = make("input", {type: "color", value: "#2f5fd0", title: "Another colour"}), label = make("label", {title: "Another colour"}, own);
  own.oninput = () => colour(own.value, label);
  own.setAttribute("aria-label", "Another colour");
  $("palette").append(label);
  colour(colours[0], $("palette").firstChild);
}
const hex = (r, g, b) => "#" + [r, g, b].map(v => v.toString(16).padStart(2, "0")).join("");
// The commonest colours of pictures, most frequent first, none too near to another.
function commonest(images, most) {
  const counts = new Map();
  for (const image of images) {
    const c = make("canvas", {width: 64, height: 64}), p = c.getContext("2d");
    p.imageSmoothingEnabled = false;
    p.drawImage(image, 0, 0, 64, 64);
    const d = p.getImageData(0, 0, 64, 64).data;
    for (let i = 0; i < d.length; i += 4) { const key = d[i] << 16 | d[i + 1] << 8 | d[i + 2]; counts.set(key, (counts.get(key) || 0) + 1); }
  }
  const found = [];
  for (const [key] of [...counts].sort((a, b) => b[1] - a[1])) {
    const c = [key >> 16, key >> 8 & 255, key & 255];
    if (found.every(f => Math.hypot(f[0] - c[0], f[1] - c[1], f[2] - c[2]) > 48)) found.push(c);
    if (found.length === most) break;
  }
  return found.map(c => hex(...c));
}
)js";

}  // namespace ganymede::apps
