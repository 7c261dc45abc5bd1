#include "apps/serve_page.h"

namespace ganymede::apps {

const char* const kServeBody = R"html(
<header>
  <div><p class="kind">Ganymede</p><h1 id="model">&nbsp;</h1></div>
  <p id="about"></p>
</header>
<nav id="tabs" role="tablist" aria-label="What to do"></nav>
<p id="help"></p>
<main>
  <section id="inputs" aria-label="Input">
    <div class="tools" id="tools" role="toolbar" aria-label="Drawing">
      <div class="group" role="radiogroup" aria-label="Tool">
        <button data-tool="pen" title="Draw (P)">Pen</button><button data-tool="fill" title="Fill an area (F)">Fill</button><button data-tool="erase" title="Back to the background (E)">Eraser</button>
      </div>
      <label class="size" title="Width of pen and eraser"><span>Size</span><input id="size" type="range" min="1" max="40"></label>
      <div class="group">
        <button id="undo" title="Undo (Ctrl+Z)">Undo</button><button id="clear" title="Empty the picture">Clear</button><button id="open" title="Open a picture; or drop one on the canvas">Open&hellip;</button>
      </div>
      <input id="file" type="file" accept="image/png,image/jpeg" hidden>
    </div>
    <div id="palette" role="radiogroup" aria-label="Colour"></div>
    <div id="slots"></div>
    <div id="examples" aria-label="Examples to start from"></div>
  </section>
  <section id="output" aria-label="Result">
    <div class="tools"><div id="drive"></div><span id="state" role="status" aria-live="polite"></span></div>
    <div id="results"><p class="empty">The result will appear here.</p></div>
    <p id="problem" role="alert" hidden></p>
  </section>
  <section id="settings" aria-label="Settings"></section>
</main>
)html";

const std::string& serve_page() {
  static const std::string page = std::string("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                                              "<title>Ganymede</title><link rel=\"icon\" href=\"data:,\"><style>") +
                                  kServeStyle + "</style></head><body>" + kServeBody + "<script>\"use strict\";" + kServeDrawing + kServeScript + "</script></body></html>\n";
  return page;
}

}  // namespace ganymede::apps
