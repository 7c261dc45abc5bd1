// The page of `ganymede serve`: one document, style and script inside, that asks for nothing but this server.
#pragma once
#include <string>

namespace ganymede::apps {

const std::string& serve_page();
// Its parts, constant text.
extern const char* const kServeBody;
extern const char* const kServeStyle;
extern const char* const kServeDrawing;   // script: canvases to draw on
extern const char* const kServeScript;    // script: tasks, settings, requests, results

}  // namespace ganymede::apps
