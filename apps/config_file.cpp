#include "apps/config_file.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "apps/toml.h"
#include "apps/validators.h"
#include "engine/check.h"
#include "engine/posix.h"

namespace ganymede::apps {
namespace {

class ConfigFile {
 public:
  ConfigFile(const std::string& path, const std::string& bytes, CLI::App& verb, const std::vector<std::string>& not_here)
      : path_(path), verb_(verb) {
    for (const CLI::Option* o : verb.get_options()) {
      const std::string name = o->nonpositional() ? o->get_name().substr(2) : o->get_name();
      if (name != "help" && std::find(not_here.begin(), not_here.end(), name) == not_here.end())
        known_.push_back(name);
    }
    known_.push_back("[settings]");
    try {
      table_ = toml::parse(bytes, path);
    } catch (const toml::parse_error& e) {
      const auto line = e.source().begin.line;
      throw UsageError(text(path, ":", line ? std::to_string(line) + ": " : " ", e.description()));
    } catch (const std::invalid_argument& e) {
      throw UsageError(text(path, ": is not TOML: ", e.what()));
    }
  }

  void give(std::vector<std::string>& settings) {
    std::vector<std::string> found;
    for (const auto& [key, value] : table_) {
      const std::string name(key.str());
      if (name == "settings") {
        if (!value.is_table()) fail(value, name, "must be a table: [settings]");
        for (const auto& [setting, v] : *value.as_table())
          found.push_back(std::string(setting.str()) + "=" + text_of(v, std::string(setting.str())));
      } else {
        give_option(name, value);
      }
    }
    settings.insert(settings.begin(), found.begin(), found.end());
  }

 private:
  [[noreturn]] void fail(const toml::node& at, const std::string& key, const std::string& what) const {
    throw UsageError(text(path_, ":", at.source().begin.line, ": ", key, ": ", what));
  }

  std::string text_of(const toml::node& value, const std::string& key) const {
    if (const auto* s = value.as_string()) return s->get();
    if (const auto* i = value.as_integer()) return std::to_string(i->get());
    if (const auto* b = value.as_boolean()) return b->get() ? "true" : "false";
    if (const auto* d = value.as_floating_point()) {
      char buffer[32];
      return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, d->get()).ptr);
    }
    fail(value, key, "must be a string, a number, true or false");
  }

  void give_option(std::string name, const toml::node& value) {
    const std::string written = name;
    std::replace(name.begin(), name.end(), '_', '-');
    if (std::find(known_.begin(), known_.end(), name) == known_.end())
      fail(value, written, "unknown key: it must be " + alternatives(known_));
    CLI::Option* option = verb_.get_option_no_throw("--" + name);
    if (!option) option = verb_.get_option(name);
    if (option->count() > 0) return;
    for (const CLI::Option* other : option->get_excludes())
      if (other->count() > 0 && !given_.count(other)) return;  // the command line said it in another way
    try {
      option->add_result(text_of(value, written));
      option->run_callback();
      given_.insert(option);
    } catch (const CLI::Error& e) {
      std::string what = e.what();
      if (what.starts_with(option->get_name() + ": ")) what.erase(0, option->get_name().size() + 2);
      fail(value, written, what);
    }
    for (const CLI::Option* other : option->get_excludes())
      if (given_.count(other))
        fail(value, written, "is there together with " + other->get_name().substr(2) + "; keep one");
  }

  std::string path_;
  CLI::App& verb_;
  std::vector<std::string> known_;
  std::set<const CLI::Option*> given_;
  toml::table table_;
};

}  // namespace

void read_config(const std::string& path, CLI::App& verb, std::vector<std::string>& settings,
                 const std::vector<std::string>& not_here) {
  if (std::filesystem::is_directory(path)) throw UsageError(path + ": is a folder, not a TOML file");
  std::string bytes;
  try {
    bytes = read_file(path);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  parse_config(path, bytes, verb, settings, not_here);
}

void parse_config(const std::string& path, const std::string& bytes, CLI::App& verb, std::vector<std::string>& settings,
                  const std::vector<std::string>& not_here) {
  try {
    ConfigFile(path, bytes, verb, not_here).give(settings);
  } catch (const UsageError& error) {
    std::string line = error.what();   // quotes what the file holds, ends of lines too
    std::replace(line.begin(), line.end(), '\n', ' ');
    throw UsageError(line);
  }
}

}  // namespace ganymede::apps
