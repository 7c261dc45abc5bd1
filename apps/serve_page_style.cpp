#include "apps/serve_page.h"

namespace ganymede::apps {

const char* const kServeStyle = R"css(
:root{--page:#f7f6f3;--card:#fff;--ink:#1c1d22;--soft:#62646e;--edge:#dedbd3;--tint:#eef2fc;--accent:#2f5fd0;--problem:#b42318;color-scheme:light}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 ui-sans-serif,system-ui,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}
header,nav,#help,main{max-width:1140px;margin:0 auto;padding:0 24px}
header{display:flex;flex-wrap:wrap;gap:4px 24px;align-items:flex-end;justify-content:space-between;padding-top:22px}
p{margin:0}
h1{font-size:30px;line-height:1.15;letter-spacing:-.02em;margin:0}
.kind{font-size:12px;font-weight:600;letter-spacing:.09em;text-transform:uppercase;color:var(--accent)}
#about{color:var(--soft);font-size:14px;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:4px 22px;margin-top:14px}
nav button{padding:6px 0 7px;border:0;border-bottom:2px solid transparent;border-radius:0;background:none;color:var(--soft);font-weight:500}
nav button[aria-selected=true]{border-color:var(--accent);color:var(--ink)}
#help{color:var(--soft);font-size:14px;padding:8px 0 14px;border-top:1px solid var(--edge);max-width:1092px;width:calc(100% - 48px)}
main{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:18px 24px;align-items:start;padding-bottom:40px}
main.alone{grid-template-columns:minmax(260px,340px) minmax(0,1fr)}
section{background:var(--card);border:1px solid var(--edge);border-radius:10px;padding:14px}
button,select,input{font:inherit;color:inherit}
button{cursor:pointer;padding:5px 11px;border:1px solid var(--edge);border-radius:7px;background:var(--card)}
button:hover{background:var(--page)}
button:disabled{opacity:.45;cursor:default}
button.main{background:var(--accent);border-color:var(--accent);color:#fff;font-weight:500}
button.main:hover{background:#264fb0}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
input[type=range]{accent-color:var(--accent);min-width:0;width:100%}
input[type=checkbox]{accent-color:var(--accent);width:16px;height:16px;margin:0}
input[type=number],select{padding:4px 8px;border:1px solid var(--edge);border-radius:7px;background:var(--card)}
input[type=number]{width:86px}
.tools{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;min-height:36px}
#output .tools{justify-content:space-between}
.group{display:flex}
.group button{border-radius:0;margin-left:-1px}
.group button:first-child{border-radius:7px 0 0 7px;margin-left:0}
.group button:last-child{border-radius:0 7px 7px 0}
button[aria-checked=true]{background:var(--tint);color:var(--accent);border-color:var(--accent);position:relative;z-index:1}
.size{display:flex;align-items:center;gap:8px;flex:1 1 110px;max-width:160px;font-size:14px;color:var(--soft)}
#palette{display:flex;flex-wrap:wrap;gap:7px;align-items:center;margin:10px 0 12px;min-height:28px}
#palette button,#palette label{width:28px;height:28px;padding:0;border-radius:50%;border:1px solid rgba(0,0,0,.18)}
#palette .named{width:auto;padding:0 10px 0 6px;border-radius:14px;display:flex;align-items:center;gap:6px}
#palette .named i{width:16px;height:16px;border-radius:50%;border:1px solid rgba(0,0,0,.18)}
#palette [aria-checked=true]{box-shadow:0 0 0 2px var(--card),0 0 0 4px var(--accent)}
#palette label{position:relative;overflow:hidden;cursor:pointer;background:conic-gradient(#e5484d,#f5a623,#f8e71c,#46a758,#2f9ee0,#8e4ec6,#e5484d)}
#palette input{position:absolute;inset:-8px;width:60px;height:60px;opacity:0;cursor:pointer}
#slots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(210px,100%),1fr));gap:14px}
figure{margin:0;min-width:0}
figcaption{display:flex;justify-content:space-between;gap:10px;font-size:13px;color:var(--soft);margin-top:6px}
figcaption a{color:var(--accent);text-decoration:none}
figcaption a:hover{text-decoration:underline}
canvas,#results img{display:block;width:100%;max-height:max(300px,calc(100vh - 330px));object-fit:contain;border-radius:6px}
.slot canvas{cursor:crosshair;touch-action:none;outline:1px solid var(--edge);width:min(100%,var(--ratio,1)*max(300px,100vh - 330px));max-height:none;margin:0 auto}
.stage{position:relative}
.over-picture .under{position:absolute;inset:0}
.over-picture canvas:last-child{position:relative;mix-blend-mode:screen}
.slot.over canvas{outline:2px dashed var(--accent);outline-offset:3px}
#slots.several .slot.active figcaption b{color:var(--accent)}
figcaption b{font-weight:600;color:var(--ink)}
.crisp{image-rendering:pixelated}
#examples{display:flex;gap:8px;margin-top:12px;align-items:center;font-size:13px;color:var(--soft);overflow-x:auto;padding:3px}
#examples button{flex:none;padding:0;border-radius:6px;overflow:hidden;line-height:0}
#examples img{height:46px;width:46px;object-fit:cover}
#drive{display:flex;flex-wrap:wrap;gap:8px 14px;align-items:center}
.check{display:flex;gap:8px;align-items:center;font-size:14px}
#state{font-size:13px;color:var(--soft);white-space:nowrap}
#state.busy::before{content:"";display:inline-block;width:8px;height:8px;border-radius:50%;background:var(--accent);margin-right:7px;animation:pulse 1s infinite alternate}
@keyframes pulse{to{opacity:.2}}
#results{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(150px,100%),1fr));gap:14px;margin-top:12px}
#results.one{grid-template-columns:minmax(0,1fr)}
#results img{outline:1px solid var(--edge)}
.empty{color:var(--soft);padding:60px 0;text-align:center}
pre{margin:0;max-height:420px;overflow:auto;font-size:13px;white-space:pre-wrap;overflow-wrap:anywhere}
#problem{margin-top:12px;padding:9px 12px;border-radius:7px;background:#fdf1ef;color:var(--problem);font-size:14px;overflow-wrap:anywhere}
#settings{grid-column:1/-1;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(300px,100%),1fr));gap:16px 32px}
main.alone #settings{grid-column:1;grid-row:1;grid-template-columns:1fr}
main.alone #output{grid-column:2;grid-row:1}
.setting b{display:block;font-weight:600;font-size:14px}
.setting small{display:block;color:var(--soft);font-size:13px;line-height:1.4}
.row{display:flex;gap:10px;align-items:center;min-height:34px}
.row select{max-width:100%}
@media(max-width:820px){
header,nav,main{padding-left:14px;padding-right:14px}
main,main.alone{grid-template-columns:minmax(0,1fr)}
main.alone #settings,main.alone #output{grid-column:1;grid-row:auto}
nav{flex-wrap:nowrap;overflow-x:auto}
button{padding:7px 11px}
canvas,#results img{max-height:none}}
)css";

}  // namespace ganymede::apps
