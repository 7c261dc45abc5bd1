// Tasks by name, for the verbs apply and serve.
#pragma once
#include <string>
#include <vector>

#include "gan/use.h"

namespace ganymede::apps {

// UsageError listing the names there are.
const Task& find_task(const std::vector<Task>& tasks, const std::string& name, const std::string& model);
// UsageError unless the task takes so many pictures, and makes several results of each where they are asked for.
void check_input(const Task& task, const TaskInput& input);

}  // namespace ganymede::apps
