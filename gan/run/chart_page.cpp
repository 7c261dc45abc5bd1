#include "gan/run/chart_page.h"

#include <algorithm>
#include <set>

#include "gan/run/chart.h"
#include "gan/run/series.h"

namespace ganymede::run {
namespace {

constexpr std::size_t kMostTermsTogether = 4;  // more losses than that get a chart for each update

struct Group {
  std::string prefix;  // up to and with the slash
  std::vector<std::string> names;
};

void add(std::vector<Group>& groups, const std::string& prefix, const std::string& name) {
  auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.prefix == prefix; });
  if (group == groups.end()) group = groups.insert(groups.end(), {prefix, {}});
  if (std::find(group->names.begin(), group->names.end(), name) == group->names.end())
    group->names.push_back(name);
}

bool all_within_unit_interval(const std::vector<StatsLine>& lines, const std::vector<std::string>& names) {
  for (const StatsLine& line : lines)
    for (const std::string& name : names)
      if (const double* value = find(line.values, name); value != nullptr && !(*value >= 0 && *value <= 1))
        return false;
  return true;
}

Chart answers_chart(const Group& group, const std::vector<StatsLine>& lines) {
  const std::string who = group.prefix == "D/"
                              ? "The discriminator's answers"
                              : "Answers of " + group.prefix.substr(0, group.prefix.size() - 1);
  if (!all_within_unit_interval(lines, group.names))
    return {
        who, "Mean score of real and of generated pictures. Only the gap counts.", group.names, false, {}};
  return {who,
          "Mean probability of “real” for real and for generated pictures. 1 and 0: it wins; both 0.5: it "
          "guesses.",
          group.names, true, 0.5};
}

std::vector<Chart> loss_charts(const std::vector<Group>& losses) {
  std::size_t terms = 0;
  for (const Group& group : losses) terms += group.names.size();
  if (terms <= kMostTermsTogether) {
    Chart all{"Losses", "Every term of every update, weighted as it enters the sum.", {}, false, {}};
    for (const Group& group : losses)
      all.names.insert(all.names.end(), group.names.begin(), group.names.end());
    return {all};
  }
  std::vector<Chart> charts;
  for (const Group& group : losses)
    charts.push_back({"Losses of " + group.prefix.substr(0, group.prefix.size() - 1),
                      "The terms of this update, weighted as they enter the sum.",
                      group.names,
                      false,
                      {}});
  return charts;
}

}  // namespace

std::string charts_section(const std::vector<StatsLine>& lines) {
  std::set<std::string> names;
  for (const StatsLine& line : lines)
    for (const auto& [name, value] : line.values) names.insert(name);
  // A term may happen to be called "fake"; a discriminator's answers come as a pair.
  const auto is_answer = [&](const std::string& prefix, const std::string& name) {
    return (name == prefix + "real" || name == prefix + "fake") && names.contains(prefix + "real") &&
           names.contains(prefix + "fake");
  };
  std::vector<Group> losses, answers, norms, ratios, others;
  for (const StatsLine& line : lines) {
    for (const auto& [name, value] : line.values) {
      const std::size_t slash = name.find('/');
      const std::string prefix = name.substr(0, slash == name.npos ? 0 : slash + 1);
      if (prefix == "grad_norm/")
        add(norms, prefix, name);
      else if (prefix == "update_ratio/")
        add(ratios, prefix, name);
      else if (is_answer(prefix, name))
        add(answers, prefix, name);
      else
        add(prefix.empty() ? others : losses, prefix, name);
    }
  }
  std::vector<Chart> charts = loss_charts(losses);
  for (const Group& group : answers) charts.push_back(answers_chart(group, lines));
  for (const Group& group : norms)
    charts.push_back({"Gradient norms",
                      "Length of each network's gradient. Growing without end or falling to 0 is bad.",
                      group.names,
                      false,
                      {}});
  for (const Group& group : ratios)
    charts.push_back({"Step sizes",
                      "Length of a step relative to the weights; about 0.0001 to 0.01 is usual.",
                      group.names,
                      false,
                      {}});
  for (const Group& group : others) charts.push_back({"Other values", "", group.names, false, {}});
  charts.push_back({"Speed", "Pictures a second.", {"rate"}, false, {}});

  std::string html;
  for (const Chart& chart : charts) html += draw_chart(chart, lines);
  if (html.empty()) return "";
  return "<section><h2>Curves</h2><p class=\"aside\">Bold lines are averaged over about a fortieth of the "
         "run, faint ones are "
         "as logged. Point at a chart to read values; click a name to hide its curve.</p>\n<div "
         "class=\"charts\">" +
         html + "</div></section>\n";
}

}  // namespace ganymede::run
