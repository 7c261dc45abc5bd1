// ganymede study-measures: what each measure notices when real pictures are spoilt in known ways. Writes a table and a drawing.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/options.h"
#include "apps/verbs.h"
#include "engine/check.h"
#include "gan/metrics/damage.h"
#include "gan/metrics/evaluation.h"
#include "engine/atomic_file.h"
#include "gan/run/axis.h"
#include "gan/run/format.h"

namespace ganymede::apps {
namespace {

using nlohmann::ordered_json;

// Which readings are drawn, in rows, with what they say.
struct Row {
  const char *reading, *title, *good;
};
constexpr Row kRows[] = {
    {"fid-own", "Frechet distance", "0 is best"},
    {"kid-own", "kernel distance", "0 is best"},
    {"classifier-score", "classifier score", "high is good"},
    {"classes-covered", "classes covered", "all is best"},
    {"class-diversity", "variety in classes", "1 as the data"},
    {"precision-own", "precision", "1 is best"},
    {"recall-own", "recall", "1 is best"},
};

struct Curve {
  std::vector<double> levels, values;
};
// [row][damage]
using Study = std::vector<std::vector<Curve>>;

constexpr double kWidth = 230, kHeight = 96, kLeft = 160, kTop = 64, kGapX = 46, kGapY = 30;

std::string line_of(const char* kind, const std::string& attributes) { return text("<", kind, " ", attributes, "/>\n"); }
std::string words(double x, double y, const std::string& what, const char* style) { return text("<text x='", x, "' y='", y, "' ", style, ">", what, "</text>\n"); }

std::string level_of(const metrics::Damage& damage, double level) { return level == 0 ? damage.none : text(level); }

// The dashed line is what unspoilt pictures get.
std::string panel(const metrics::Damage& damage, const Curve& c, double x, double y, double low, double high) {
  std::string out = line_of("rect", text("x='", x, "' y='", y, "' width='", kWidth, "' height='", kHeight, "' class='frame'"));
  const run::Scale scale{low, high, false, y + kHeight - 4, y + 4};
  for (const run::Tick& t : run::ticks(scale, 3)) {
    out += line_of("line", text("x1='", x, "' x2='", x + kWidth, "' y1='", scale(t.value), "' y2='", scale(t.value), "' class='grid'"));
    out += words(x - 4, scale(t.value) + 3, t.label, "class='tick' text-anchor='end'");
  }
  if (std::isfinite(c.values[0])) out += line_of("line", text("x1='", x, "' x2='", x + kWidth, "' y1='", scale(c.values[0]), "' y2='", scale(c.values[0]), "' class='unspoilt'"));
  std::string points;
  const auto at = [&](size_t i) { return x + 12 + (kWidth - 24) * double(i) / double(c.levels.size() - 1); };   // levels at equal steps
  for (size_t i = 0; i < c.levels.size(); ++i) {
    out += words(at(i), y + kHeight + 12, level_of(damage, c.levels[i]), "class='tick' text-anchor='middle'");
    if (std::isfinite(c.values[i])) points += text(at(i), ",", scale(c.values[i]), " ");
  }
  out += line_of("polyline", text("points='", points, "' class='curve'"));
  for (size_t i = 0; i < c.levels.size(); ++i)
    if (std::isfinite(c.values[i])) out += line_of("circle", text("cx='", at(i), "' cy='", scale(c.values[i]), "' r='2.5' class='dot'"));
  return out;
}

std::string drawing(const Study& study, const std::string& title) {
  const auto& damages = metrics::damages();
  const double width = kLeft + double(damages.size()) * (kWidth + kGapX), height = kTop + double(std::size(kRows)) * (kHeight + kGapY);
  std::string svg = text("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 ", width, " ", height, "' font-family='sans-serif'>\n<style>.frame{fill:none;stroke:#999}.grid{stroke:#ddd}.unspoilt{stroke:#999;stroke-dasharray:4 3}.curve{fill:none;stroke:#1f5fa8;stroke-width:2}"
                         ".dot{fill:#1f5fa8}.tick{font-size:9px;fill:#555}.head{font-size:13px;font-weight:bold}.small{font-size:10px;fill:#555}</style>\n<rect width='100%' height='100%' fill='white'/>\n");
  svg += words(10, 18, title, "class='head'");
  for (size_t d = 0; d < damages.size(); ++d) {
    const double x = kLeft + double(d) * (kWidth + kGapX);
    svg += words(x, kTop - 22, damages[d].name, "class='head'") + words(x, kTop - 8, damages[d].axis, "class='small'");
  }
  for (size_t r = 0; r < std::size(kRows); ++r) {
    const double y = kTop + double(r) * (kHeight + kGapY);
    double low = 0, high = 0;   // one scale a row, so that damages compare
    for (const Curve& c : study[r])
      for (const double v : c.values)
        if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
    svg += words(10, y + 20, kRows[r].title, "class='head'") + words(10, y + 36, kRows[r].good, "class='small'");
    for (size_t d = 0; d < damages.size(); ++d) svg += panel(damages[d], study[r][d], kLeft + double(d) * (kWidth + kGapX), y, low, high > low ? high : low + 1);
  }
  return svg + "</svg>\n";
}

std::string table(const Study& study) {
  std::string out;
  for (size_t d = 0; d < metrics::damages().size(); ++d) {
    const auto& damage = metrics::damages()[d];
    out += text("\n", damage.name, " (", damage.axis, ")\n\n| measure |");
    for (const double level : damage.levels) out += text(" ", level_of(damage, level), " |");
    out += "\n|---|";
    for (size_t i = 0; i < damage.levels.size(); ++i) out += "---|";
    out += "\n";
    for (size_t r = 0; r < std::size(kRows); ++r) {
      out += text("| ", kRows[r].title, " |");
      for (const double v : study[r][d].values) out += text(" ", run::short_number(v), " |");
      out += "\n";
    }
  }
  return out;
}

struct StudyRequest {
  std::string data = "fashion-mnist", out = "measures", device = "auto";
  int64_t n = 5000, size = 0;
  uint64_t seed = 1;
};

void study(const StudyRequest& q) {
  context().device = Device::parse(q.device);
  std::filesystem::create_directories(q.out);
  metrics::ClassifierOptions o;
  o.data = q.data, o.size = q.size;
  const auto trained = metrics::trained_classifier(o, [](const std::string& line) { std::cerr << "ganymede: " << line << "\n"; });
  if (!trained.unseen) throw UsageError(q.data + ": these data have no test split to compare spoilt training pictures with");
  data::Options wanted;
  wanted.size = q.size;
  const auto train = data::open_dataset(q.data, wanted);
  wanted.split = data::Split::test;
  const auto test = data::open_dataset(q.data, wanted);
  const metrics::Side real(metrics::read_pictures(*test, q.n, q.seed));
  const metrics::Pictures whole = metrics::read_pictures(*train, q.n, q.seed);

  Study all(std::size(kRows), std::vector<Curve>(metrics::damages().size()));
  for (size_t d = 0; d < metrics::damages().size(); ++d) {
    const auto& damage = metrics::damages()[d];
    for (const double level : damage.levels) {
      const metrics::Side fake(damage.apply(whole, level, q.seed));
      const metrics::Comparison c{&real, &fake, nullptr, &trained.network, &trained.network};
      std::vector<metrics::Reading> readings;
      for (const char* name : {"fid", "kid", "is", "coverage", "diversity", "pr"})
        for (auto& r : metrics::find_picture_measure(name)->read(c)) readings.push_back(std::move(r));
      for (size_t r = 0; r < std::size(kRows); ++r) {
        const auto found = std::find_if(readings.begin(), readings.end(), [&](const auto& x) { return x.name == kRows[r].reading; });
        all[r][d].levels.push_back(level);
        all[r][d].values.push_back(found == readings.end() ? std::numeric_limits<double>::quiet_NaN() : found->value);
      }
      std::cerr << "ganymede: " << damage.name << " " << level << "\n";
    }
  }
  const std::string head = text(whole.count, " spoilt training pictures of ", q.data, " against ", real.pictures().count, " test pictures; features and classes of the self-trained classifier, right on ",
                                run::short_number(100 * trained.accuracy), " % of test pictures");
  ordered_json j{{"title", head}};
  for (size_t d = 0; d < metrics::damages().size(); ++d)
    for (size_t r = 0; r < std::size(kRows); ++r) j[metrics::damages()[d].name][kRows[r].title] = {{"levels", all[r][d].levels}, {"values", all[r][d].values}};
  write_atomically(q.out + "/measures.json", j.dump(2) + "\n");
  write_atomically(q.out + "/measures.svg", drawing(all, head));
  write_atomically(q.out + "/measures.md", head + "\n" + table(all));
  std::cout << q.out << "/measures.svg\n";
}

}  // namespace

void add_study_measures(CLI::App& program) {
  auto q = std::make_shared<StudyRequest>();
  auto* verb = program.add_subcommand("study-measures", "spoil real pictures in known ways and see which measure notices");
  verb->add_option("--data", q->data, "labelled pictures with a test split")->capture_default_str();
  verb->add_option("--size", q->size, "height and width (as the data are)")->check(whole(8, 65536));
  verb->add_option("-n", q->n, "pictures on each side")->check(whole(100, 1 << 20))->capture_default_str();
  verb->add_option("--seed", q->seed, "seed of the choice and of the damage")->check(whole(0, INT64_MAX))->capture_default_str();
  verb->add_option("--device", q->device, "auto, cpu, cuda, cuda:N or sim")->capture_default_str();
  verb->add_option("--out", q->out, "folder for measures.svg, measures.json and measures.md")->capture_default_str();
  verb->callback([q] { study(*q); });
}

}  // namespace ganymede::apps
