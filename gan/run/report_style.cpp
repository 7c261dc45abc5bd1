#include "gan/run/report_style.h"

namespace ganymede::run {

const char* const kReportStyle = R"css(
:root{--page:#f7f6f3;--card:#fff;--ink:#1c1d22;--soft:#62646e;--rule:#e6e4de;--edge:#dedbd3;--accent:#2f5fd0;
--good:#1a7f4b;--note:#4b5d7a;--warning:#a86000;--problem:#c22f2f;
--c0:#2f66d0;--c1:#d9640b;--c2:#17864f;--c3:#b52f80;--c4:#7650cf;--c5:#0b8494;--c6:#94670a;--c7:#6a6f7c}
@media(prefers-color-scheme:dark){:root{--page:#14151a;--card:#1c1e25;--ink:#e9e8e4;--soft:#9a9ca6;
--rule:#2b2d36;
--edge:#31343e;--accent:#82a8ff;--good:#58c78d;--note:#9db2d6;--warning:#eeb04e;--problem:#ff7b72;
--c0:#7aa5ff;--c1:#ff9d57;--c2:#52c98c;--c3:#f07cc0;--c4:#b39bff;--c5:#4cc9d9;--c6:#d9ad4c;--c7:#a5a9b5}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.55 ui-sans-serif,system-ui,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",Arial,sans-serif;
font-variant-numeric:tabular-nums}
main{max-width:1180px;margin:0 auto;padding:48px 28px 72px}
h1{font-size:44px;line-height:1.1;letter-spacing:-.02em;margin:2px 0 6px}
h2{font-size:21px;letter-spacing:-.01em;margin:0 0 14px}
h3{font-size:16px;line-height:1.4;margin:0}
p{margin:0}
section{margin-top:52px}
button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer}
button:focus-visible,input:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.kind{font-size:13px;font-weight:600;letter-spacing:.09em;text-transform:uppercase;color:var(--accent)}
.paper{color:var(--soft);max-width:80ch}
.aside{color:var(--soft);font-size:14px;margin:0 0 14px;max-width:90ch}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:18px 28px;margin:28px 0 0;
padding:20px 0 0;
border-top:1px solid var(--edge)}
dt{font-size:13px;color:var(--soft)}
dd{margin:0;font-size:14px;line-height:1.45;color:var(--soft)}
dd b{display:block;font-size:18px;font-weight:600;color:var(--ink);overflow-wrap:anywhere}
.findings{display:grid;gap:12px}
.findings article{display:flex;gap:16px;background:var(--card);border:1px solid var(--edge);
border-left:4px solid var(--level);
border-radius:8px;padding:16px 20px}
.good{--level:var(--good)}.note{--level:var(--note)}.warning{--level:var(--warning)}.problem{
--level:var(--problem)}
.findings i{flex:none;width:24px;height:24px;border-radius:50%;background:var(--level);color:var(--card);
font:700 14px/24px
ui-sans-serif,system-ui,"DejaVu Sans",sans-serif;text-align:center}
.findings p{color:var(--soft);font-size:15px;max-width:92ch}
.findings ul{margin:8px 0 0;padding-left:20px;font-size:15px;max-width:92ch}
.findings li::marker{color:var(--level)}
.findings+.aside{margin:14px 0 0}
.sheets{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(340px,100%),1fr));gap:24px}
.sheets figure{margin:0;background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:14px}
.sheets img{display:block;width:100%;image-rendering:pixelated;border-radius:4px}
.sheets figcaption{display:flex;align-items:center;gap:14px;min-height:28px;margin-top:12px;font-size:14px;
color:var(--soft)}
.sheets input{flex:1;min-width:60px;accent-color:var(--accent)}
.play{width:28px;height:28px;border-radius:50%;background:var(--accent);color:var(--card);font-size:11px;
line-height:28px}
.strip{display:flex;gap:10px;overflow-x:auto;margin-top:18px;padding:4px 4px 12px;scrollbar-width:thin}
.strip button{flex:none;width:104px;font-size:13px;color:var(--soft)}
.strip .crop{display:block;aspect-ratio:1;overflow:hidden;border-radius:6px;margin-bottom:4px;
outline:1px solid var(--edge)}
.strip img{display:block;width:100%;image-rendering:pixelated}
.strip.zoomed img{width:262%;max-width:none}
.strip .now{color:var(--ink);font-weight:600}
.strip .now .crop{outline:3px solid var(--accent)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));gap:20px}
.chart{position:relative;margin:0;background:var(--card);border:1px solid var(--edge);border-radius:8px;
padding:16px 18px 10px;
display:flex;flex-direction:column}
.chart figcaption{padding-right:56px}
.chart figcaption p{font-size:13.5px;line-height:1.45;color:var(--soft)}
.scale{position:absolute;top:15px;right:18px;font-size:12.5px;color:var(--soft);border:1px solid var(--edge);
border-radius:99px;
padding:1px 11px}
.chart.log .scale{background:var(--accent);border-color:var(--accent);color:var(--card)}
.legend{display:flex;flex-wrap:wrap;gap:2px 18px;margin:8px 0 4px;font-size:13.5px}
.legend i{display:inline-block;width:14px;height:4px;border-radius:2px;margin-right:7px;vertical-align:middle}
.legend b{font-weight:600;margin-left:2px}
.legend .off{opacity:.4;text-decoration:line-through}
.plot{position:relative;margin-top:auto}
.plot>svg{display:block;width:100%;height:auto;overflow:visible;touch-action:pan-y}
.plot path{fill:none;vector-effect:non-scaling-stroke}
.plot .rule{stroke:var(--rule)}
.plot .floor,.plot .tick{stroke:var(--soft);opacity:.6}
.plot .guide{stroke:var(--soft);stroke-dasharray:5 5;opacity:.7}
.plot .raw{stroke-width:1;opacity:.28}
.plot .smooth{stroke-width:2.2;stroke-linejoin:round}
.plot .off{display:none}
.plot .break{fill:var(--problem)}
.plot .cursor{stroke:var(--soft);display:none}
.plot text{fill:var(--soft);font-size:12px}
.chart .log-only,.chart.log .linear-only{display:none}
.chart.log .log-only{display:inline}
.readout{position:absolute;top:8px;pointer-events:none;background:var(--card);border:1px solid var(--edge);
border-radius:6px;
box-shadow:0 4px 16px #0002;padding:7px 11px;font-size:13px;line-height:1.5;white-space:nowrap;z-index:1}
.readout i{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px}
.readout small{color:var(--soft);font-size:12px}
table{border-collapse:collapse;font-size:14.5px;width:100%;background:var(--card);
border:1px solid var(--edge);border-radius:8px;
border-spacing:0;border-collapse:separate;overflow:hidden}
th,td{text-align:left;vertical-align:top;padding:6px 18px;overflow-wrap:anywhere}
tr+tr>*{border-top:1px solid var(--rule)}
th{font-weight:500;color:var(--soft);width:240px}
@media(max-width:600px){main{padding:28px 16px 48px}h1{font-size:34px}th{width:42%}}
@media print{body{background:#fff}section{break-inside:avoid}.play,.scale,input{display:none}}
)css";

const char* const kReportScript = R"js(
"use strict";
for (const chart of document.querySelectorAll(".chart")) {
  const data = JSON.parse(chart.querySelector("script").textContent);
  const [svg, cursor, readout, scale] =
      ["svg", ".cursor", ".readout", ".scale"].map(name => chart.querySelector(name));
  if (scale) scale.onclick = () => chart.classList.toggle("log");
  const hidden = new Set();
  for (const button of chart.querySelectorAll(".legend button")) {
    button.onclick = () => {
      const series = Number(button.dataset.series), off = button.classList.toggle("off");
      off ? hidden.add(series) : hidden.delete(series);
      for (const path of svg.querySelectorAll(".s" + series)) path.classList.toggle("off", off);
    };
  }
  const leave = () => { cursor.style.display = "none"; readout.hidden = true; };
  svg.onpointerleave = leave;
  svg.onpointermove = event => {
    const box = svg.getBoundingClientRect(), at = (event.clientX - box.left) / box.width;
    if (at < data.left - .02 || at > data.right + .02) return leave();
    const wanted = data.lo + (at - data.left) / (data.right - data.left) * (data.hi - data.lo);
    const distance = i => Math.abs(data.x[i] - wanted);
    let nearest = 0;
    data.x.forEach((x, i) => { if (distance(i) < distance(nearest)) nearest = i; });
    const part = data.left + (data.x[nearest] - data.lo) / (data.hi - data.lo) * (data.right - data.left);
    const pixel = part * svg.viewBox.baseVal.width;
    cursor.setAttribute("transform", `translate(${pixel} 0)`);
    cursor.style.display = "inline";
    readout.replaceChildren();
    const line = (parent, tag, text) => {
      const element = document.createElement(tag);
      element.textContent = text;
      parent.append(element);
      return element;
    };
    line(readout, "small", "iteration " + data.x[nearest]);
    data.series.forEach((series, i) => {
      if (hidden.has(i) || series.smooth[nearest] === null) return;
      const row = line(readout, "div", "");
      line(row, "i", "").style.background = `var(--c${i % 8})`;
      line(row, "span", series.name + " ");
      line(row, "b", series.smooth[nearest]);
      line(row, "small", "  (" + series.raw[nearest] + ")");
    });
    readout.hidden = false;
    const left = part * box.width + (part < .55 ? 14 : -14 - readout.offsetWidth);
    readout.style.left = Math.max(0, left) + "px";
  };
}
const viewer = document.querySelector(".viewer");
const thumbnails = [...document.querySelectorAll(".strip button")];
if (viewer && thumbnails.length) {
  const [picture, slider, play, label] =
      ["img", "input", ".play", "output"].map(name => viewer.querySelector(name));
  let timer = 0;
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = "▶"; };
  const show = index => {
    slider.value = index;
    picture.src = thumbnails[index].querySelector("img").src;
    label.textContent = "iteration " + thumbnails[index].dataset.iteration;
    thumbnails.forEach((thumbnail, i) => thumbnail.classList.toggle("now", i === index));
    const thumbnail = thumbnails[index], strip = thumbnail.parentElement;
    const middle = (strip.clientWidth - thumbnail.offsetWidth) / 2;
    strip.scrollLeft = thumbnail.offsetLeft - strip.offsetLeft - middle;
  };
  slider.oninput = () => { stop(); show(Number(slider.value)); };
  thumbnails.forEach((thumbnail, i) => { thumbnail.onclick = () => { stop(); show(i); }; });
  play.onclick = () => {
    if (timer) return stop();
    play.textContent = "❚❚";
    let next = Number(slider.value) === thumbnails.length - 1 ? 0 : Number(slider.value);
    const step = () => { show(next); if (++next === thumbnails.length) stop(); };
    timer = setInterval(step, 500);
    step();
  };
  show(thumbnails.length - 1);
} else if (viewer) {
  viewer.querySelector("input").hidden = viewer.querySelector(".play").hidden = true;
}
)js";

}  // namespace ganymede::run
