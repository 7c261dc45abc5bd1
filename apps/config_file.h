// Options from a TOML file: its keys are a verb's long options without the dashes, its table [settings] is
// --set.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ganymede::apps {

// Gives the file's values to those options of `verb` that the command line has not set, and puts its settings
// before `settings`, so that the command line's count. Keys in `not_here` are for the command line only.
// UsageError names the file, the line, the key and what is wrong.
void read_config(const std::string& path, CLI::App& verb, std::vector<std::string>& settings,
                 const std::vector<std::string>& not_here);
// The same for the bytes of such a file; `path` is for messages.
void parse_config(const std::string& path, const std::string& bytes, CLI::App& verb, std::vector<std::string>& settings,
                  const std::vector<std::string>& not_here);

}  // namespace ganymede::apps
