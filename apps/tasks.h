// Tasks by name, for the verbs apply and serve.
#pragma once
#include <string>
#include <vector>

#include "gan/use.h"

namespace ganymede::apps {

// UsageError listing the names there are.
const Task& find_task(const std::vector<Task>& tasks, const std::string& name, const std::string& model);
// UsageError unless the task takes this many pictures.
void check_pictures(const Task& task, size_t pictures);

}  // namespace ganymede::apps
