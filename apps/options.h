// The options that verbs have in common.
#pragma once
#include <string>
#include <vector>

#include "apps/validators.h"
#include "gan/checkpoint_metadata.h"
#include "gan/session.h"

namespace ganymede::apps {

// The options that say what to build: --data, --size, --set and so on, into `session` and `settings`.
struct ModelOptions {
  SessionOptions session;
  std::vector<std::string> settings;  // "name=value"; the last of a name counts
  void add_to(CLI::App& verb);
  // With the settings parsed. UsageError names one that is not name=value.
  SessionOptions get() const;
};

}  // namespace ganymede::apps
