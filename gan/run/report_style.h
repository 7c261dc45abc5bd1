#pragma once

namespace ganymede::run {

// The report's style sheet and script: constant text, put into the page as it is.
extern const char* const kReportStyle;
extern const char* const kReportScript;

}  // namespace ganymede::run
