#include "apps/tasks.h"

#include "engine/check.h"

namespace ganymede::apps {
namespace {

std::string some(int least, int most) {
  if (least == most) return std::to_string(least);
  return most >= 1 << 20 ? "at least " + std::to_string(least) : std::to_string(least) + " to " + std::to_string(most);
}

}  // namespace

const Task& find_task(const std::vector<Task>& tasks, const std::string& name, const std::string& model) {
  std::string names;
  for (const Task& t : tasks) {
    if (t.name == name) return t;
    names += (names.empty() ? "" : ", ") + t.name;
  }
  throw UsageError("unknown task " + name + ": " + model + " has " + (names.empty() ? "none" : names));
}

void check_input(const Task& task, const TaskInput& input) {
  const int n = int(input.pictures.size());
  if (n < task.least || n > task.most)
    throw UsageError(text("task ", task.name, " takes ", some(task.least, task.most), task.most == 1 ? " picture" : " pictures", task.inputs.empty() ? "" : " (" + task.inputs + ")", ", not ", n));
  if (input.n > 1 && !task.draws) throw UsageError(text("task ", task.name, " draws nothing: ", input.n, " results of one input would be the same; ask for one"));
}

}  // namespace ganymede::apps
