#include "gan/run/diagnosis.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "gan/run/format.h"

namespace ganymede::run {
namespace {

using Level = Finding::Level;

constexpr std::size_t kFewestLines = 8;  // below that nothing is said about trends

std::string percent(double part) {
  char text[16];
  std::snprintf(text, sizeof text, "%.0f %%", 100 * part);
  return text;
}

std::vector<std::string> all_names(const std::vector<StatsLine>& lines) {
  std::vector<std::string> names;
  for (const StatsLine& line : lines)
    for (const auto& [name, value] : line.values)
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

// The finite values of `name` in the part of the run between two fractions of its log steps.
std::vector<double> part(const std::vector<StatsLine>& lines, const std::string& name, double from,
                         double to) {
  std::vector<double> values;
  const auto count = static_cast<double>(lines.size());
  for (auto i = static_cast<std::size_t>(count * from); i < static_cast<std::size_t>(std::ceil(count * to));
       ++i) {
    const double* value = find(lines[i].values, name);
    if (value != nullptr && std::isfinite(*value)) values.push_back(*value);
  }
  return values;
}

double median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double late(const std::vector<StatsLine>& lines, const std::string& name) {
  return median(part(lines, name, 0.8, 1));
}
double early(const std::vector<StatsLine>& lines, const std::string& name) {
  return median(part(lines, name, 0.05, 0.35));
}

// How far a network can have come with steps of `name`, an update ratio, in parts of its weights' size.
constexpr double kHardlyMoved = 0.1;
double whole_way(const std::vector<StatsLine>& lines, const std::string& name) {
  return late(lines, name) * double(lines.back().iteration);
}

bool is_norm(const std::string& name) {
  return name.starts_with("grad_norm/") || name.starts_with("update_ratio/");
}

void find_broken_numbers(const Evidence& evidence, std::vector<Finding>& findings) {
  for (const StatsLine& line : evidence.lines) {
    for (const auto& [name, value] : line.values) {
      if (std::isfinite(value)) continue;
      findings.push_back(
          {Level::problem,
           "The numbers broke down",
           name + " is " + short_number(value) + " at iteration " + std::to_string(line.iteration) +
               "; nothing after that can be trusted.",
           {"Go back to the last checkpoint before it and use a smaller learning rate.",
            "Look at the gradient norms just before: if they grow first, add a gradient penalty or "
            "clip the gradients.",
            "With bf16, try the same settings in f32; if that holds, precision was the cause."}});
      return;
    }
  }
}

void find_runaway(const Evidence& evidence, const std::vector<std::string>& names,
                  std::vector<Finding>& findings) {
  for (const std::string& name : names) {
    // A critic's output has no scale of its own; only what should stay put is compared.
    if (name.ends_with("/real") || name.ends_with("/fake")) continue;
    const double before = std::abs(early(evidence.lines, name)), now = std::abs(late(evidence.lines, name));
    const double least = is_norm(name) ? 10 : 50;
    if (!(now > least && now > 30 * before)) continue;
    findings.push_back(
        {Level::problem,
         "Training runs away",
         name + " has grown from about " + short_number(before) + " to " + short_number(now) + ".",
         {"Lower the learning rate of both players, or Adam's first beta to 0.5 or 0.",
          "Bind the discriminator: gradient penalty, spectral normalisation, or a clipped critic.",
          "Check that pictures are in [-1, 1] and that the generator ends in tanh."}});
    return;
  }
}

// One discriminator: `prefix` + "real" and `prefix` + "fake" are its mean answers.
void judge_balance(const Evidence& evidence, const std::string& prefix, std::vector<Finding>& findings) {
  const double real = late(evidence.lines, prefix + "real"), fake = late(evidence.lines, prefix + "fake");
  if (!std::isfinite(real) || !std::isfinite(fake)) return;
  const std::string who =
      prefix == "D/" ? "the discriminator" : "the discriminator " + prefix.substr(0, prefix.size() - 1);
  const std::string seen = "Over the last fifth of the run " + who + " gives real pictures " +
                           short_number(real) + " and generated ones " + short_number(fake) + " (medians). ";
  bool probabilities = true;
  for (const char* side : {"real", "fake"})
    for (const double value : part(evidence.lines, prefix + side, 0, 1))
      probabilities = probabilities && value >= 0 && value <= 1;
  if (!probabilities) {
    const double gap = real - fake,
                 old_gap = early(evidence.lines, prefix + "real") - early(evidence.lines, prefix + "fake");
    findings.push_back({Level::note,
                        "The critic's gap: " + short_number(gap),
                        seen + "These are scores, not probabilities: only their difference counts. It was " +
                            short_number(old_gap) +
                            " early on; for a Wasserstein critic that is kept in bounds a "
                            "shrinking gap means that the samples come closer to the data.",
                        {}});
    return;
  }
  if (real > 0.9 && fake < 0.1) {
    findings.push_back(
        {Level::problem,
         "The discriminator wins",
         seen + "It tells them apart almost without fail, so the generator learns from the flat end of "
                "its loss.",
         {"Give the discriminator a smaller learning rate or fewer updates than the generator.",
          "Regularise it: a gradient penalty (objective wgan-gp, or R1), spectral normalisation, or "
          "labels of 0.9 in place of 1.",
          "With little data, turn on augmentation: it may be learning the pictures by heart."}});
  } else if (fake > 0.9 && real < 0.6) {
    findings.push_back(
        {Level::problem,
         "The discriminator is fooled",
         seen + "It takes generated pictures for real ones more readily than real ones, so its advice is "
                "worth nothing.",
         {"Give the discriminator a larger learning rate, more width, or more updates.",
          "Check that its loss really moves: gradient norm and update ratio must not be near 0."}});
  } else if (std::abs(real - fake) < 0.03) {
    findings.push_back(
        {Level::note,
         "The discriminator is guessing",
         seen + "Either the samples have become as good as it can tell, or it has not learnt to tell. The "
                "pictures decide which.",
         {"If the samples look bad, give the discriminator a larger learning rate or more width."}});
  } else {
    findings.push_back({Level::good,
                        "The players are in balance",
                        seen + "It can tell them apart, but not without fail: both sides still learn.",
                        {}});
  }
}

void judge_balances(const Evidence& evidence, const std::vector<std::string>& names,
                    std::vector<Finding>& findings) {
  bool any = false;
  for (const std::string& name : names) {
    if (!name.ends_with("/real")) continue;
    const std::string prefix = name.substr(0, name.size() - 4);
    if (std::find(names.begin(), names.end(), prefix + "fake") == names.end()) continue;
    judge_balance(evidence, prefix, findings);
    any = true;
  }
  if (any) return;
  const double loss = late(evidence.lines, "D/adv"), before = early(evidence.lines, "D/adv");
  if (loss >= 0 && loss < 0.05 && before > 4 * loss)
    findings.push_back(
        {Level::warning,
         "The discriminator's loss goes to nothing",
         "D/adv has fallen from " + short_number(before) + " to " + short_number(loss) +
             ": it hardly makes a mistake any more, and the generator gets little to learn from.",
         {"Give the discriminator a smaller learning rate, or regularise it."}});
}

void find_standstill(const Evidence& evidence, const std::vector<std::string>& names,
                     std::vector<Finding>& findings) {
  for (const std::string& name : names) {
    const double now = late(evidence.lines, name), before = early(evidence.lines, name);
    if (name.starts_with("grad_norm/") && (now < 1e-7 || now < 1e-4 * before)) {
      findings.push_back({Level::problem,
                          name.substr(10) + " no longer learns",
                          "The norm of its gradients is " + short_number(now) + ", after " +
                              short_number(before) + " early on.",
                          {"Use a loss that does not saturate (bce's non-saturating form, hinge, wgan-gp).",
                           "Hold the other player back: smaller learning rate, fewer updates, a penalty."}});
    } else if (name.starts_with("update_ratio/") && now > 0.05) {
      findings.push_back(
          {Level::warning,
           name.substr(13) + " takes very large steps",
           "A step changes its weights by " + percent(now) + " of their size; 0.01 % to 1 % is usual.",
           {"Use a smaller learning rate."}});
    } else if (const double all = whole_way(evidence.lines, name); name.starts_with("update_ratio/") && all < kHardlyMoved) {
      findings.push_back({Level::warning,
                          name.substr(13) + " has hardly moved",
                          "A step changes its weights by " + short_number(100 * now) + " % of their size: by " + percent(all) +
                              " at most in " + std::to_string(evidence.lines.back().iteration) + " iterations.",
                          {"Train longer, or use a larger learning rate: 0.01 % to 1 % a step is usual.",
                           "Nothing is wrong if it is meant to be slow, as stylegan2's mapping M at a hundredth of the rate."}});
    }
  }
}

// As alike, and of as little contrast, as before training, or made by networks that have hardly moved: that is not collapse.
bool as_untrained(const Evidence& evidence, const std::vector<std::string>& names) {
  const auto near = [](double a, double b) { return a < 1.5 * b && b < 1.5 * a; };
  if (evidence.first && near(evidence.samples->variety, evidence.first->variety) && near(evidence.samples->contrast, evidence.first->contrast)) return true;
  std::vector<double> moved;
  for (const std::string& name : names)
    if (name.starts_with("update_ratio/")) moved.push_back(whole_way(evidence.lines, name));
  return !moved.empty() && *std::max_element(moved.begin(), moved.end()) < kHardlyMoved;
}

void judge_samples(const Evidence& evidence, const std::vector<std::string>& names, std::vector<Finding>& findings) {
  if (!evidence.samples || !evidence.reals) return;
  const SheetStatistics &samples = *evidence.samples, &reals = *evidence.reals;
  if (reals.variety <= 0 || reals.contrast <= 0) return;
  const double variety = samples.variety / reals.variety;
  const std::string compared =
      "The newest samples vary " + percent(variety) + " as much as the real pictures, pixel by pixel. ";
  if (samples.contrast < 0.05 * reals.contrast) {
    findings.push_back(
        {Level::problem,
         "The samples are flat",
         "Their contrast is " + percent(samples.contrast / reals.contrast) +
             " of that of the real pictures: "
             "the generator paints one colour.",
         {"If this is the very start, wait; otherwise start again with another seed and a smaller learning "
          "rate.",
          "Check the weight initialisation (normal, 0.02) and the generator's last activation."}});
  } else if (variety < 0.35 && as_untrained(evidence, names)) {
    findings.push_back({Level::warning,
                        "The samples are those of an untrained generator",
                        compared + "They are as they were before training, or the networks have hardly moved: nothing has been learnt yet.",
                        {"Train longer, or use a larger learning rate.",
                         "If the discriminator wins from the start, give it the smaller rate of the two."}});
  } else if (variety < 0.35) {
    findings.push_back(
        {variety < 0.15 ? Level::problem : Level::warning,
         variety < 0.15 ? "The generator has collapsed" : "The samples look much alike",
         compared + "Different noise gives nearly the same picture.",
         {"Change what the discriminator sees: minibatch standard deviation or discrimination, or a larger "
          "batch.",
          "Use a smoother objective (wgan-gp, or hinge with spectral normalisation).",
          "Lower the generator's learning rate; go back to the last checkpoint with varied samples."}});
  } else {
    findings.push_back({Level::good, "The samples are varied", compared + "No sign of mode collapse.", {}});
  }
  if (samples.saturated > 0.9 && samples.saturated > reals.saturated + 0.15)
    findings.push_back({Level::warning,
                        "The pictures are saturated",
                        percent(samples.saturated) +
                            " of the samples' values are fully black or white (real pictures: " +
                            percent(reals.saturated) + "); tanh is driven to its flat ends.",
                        {"Use a smaller learning rate for the generator, or normalise its last layers."}});
}

void judge_length(const Evidence& evidence, std::vector<Finding>& findings) {
  const std::int64_t done = evidence.lines.empty() ? 0 : evidence.lines.back().iteration;
  const std::int64_t planned = evidence.run.contains("steps") && evidence.run["steps"].is_number_integer()
                                   ? evidence.run["steps"].get<std::int64_t>()
                                   : 0;
  if (evidence.lines.size() < kFewestLines)
    findings.push_back({Level::note,
                        "Too early to judge",
                        "There are " + std::to_string(evidence.lines.size()) +
                            " log steps so far, up to iteration " + std::to_string(done) +
                            "; trends are read from " + std::to_string(kFewestLines) + " on.",
                        {"Let it run on and make the report again."}});
  else if (done < planned)
    findings.push_back(
        {Level::note,
         "The run is not finished",
         "It has logged " + std::to_string(done) + " of " + std::to_string(planned) + " iterations.",
         {"If it is not running any more, continue it with --resume."}});
}

}  // namespace

std::vector<Finding> diagnose(const Evidence& evidence) {
  std::vector<Finding> findings;
  find_broken_numbers(evidence, findings);
  const std::vector<std::string> names = all_names(evidence.lines);
  if (evidence.lines.size() >= kFewestLines) {
    find_runaway(evidence, names, findings);
    judge_balances(evidence, names, findings);
    find_standstill(evidence, names, findings);
  }
  judge_samples(evidence, names, findings);
  judge_length(evidence, findings);
  if (findings.empty())
    findings.push_back(
        {Level::note,
         "Nothing stands out",
         "No rule that this report knows has found anything wrong. Trust your eyes: look at the samples.",
         {}});
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    const auto urgency = [](const Finding& f) {
      return f.level == Level::problem ? 0 : f.level == Level::warning ? 1 : 2;
    };
    return urgency(a) < urgency(b);
  });
  return findings;
}

}  // namespace ganymede::run
