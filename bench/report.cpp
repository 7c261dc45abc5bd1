// bench_report BENCH.json [MORE.json...] PREFIX: makes PREFIX.json, PREFIX.md and PREFIX.svg of what bench_kernels wrote (and, in MORE, other
// programs on the same cases): every case with our
// time, the best peer's and their ratio, the fraction of the floor; a summary by operation; a roofline with a point a case.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Json = nlohmann::ordered_json;

struct Case {
  std::string name;
  double ours = 0, packing = 0, peer = 0, floor = 0, flops = 0, bytes = 0;  // microseconds; 0: not measured
  std::string best_peer, label;
};

std::string number(double x, const char* format) {
  char out[32];
  std::snprintf(out, sizeof out, format, x);
  return out;
}

double counter(const Json& b, const char* name) { return b.contains(name) ? b[name].get<double>() : 0; }

std::vector<Case> read_cases(const std::vector<Json>& files) {
  std::vector<Case> cases;
  std::map<std::string, size_t> at;
  std::vector<Json> all;
  for (const Json& file : files) all.insert(all.end(), file.at("benchmarks").begin(), file.at("benchmarks").end());
  for (const Json& b : all) {
    if (b.contains("error_occurred") && b["error_occurred"].get<bool>()) continue;
    std::string name = b.at("name");
    name = name.substr(0, name.find("/iterations:"));
    const size_t slash = name.rfind('/');
    const std::string problem = name.substr(0, slash), who = name.substr(slash + 1);
    const auto [found, fresh] = at.try_emplace(problem, cases.size());
    if (fresh) cases.push_back({problem});
    Case& c = cases[found->second];
    const double time = b.at("real_time").get<double>();
    if (b.contains("floor_us")) c.floor = counter(b, "floor_us"), c.flops = counter(b, "flops"), c.bytes = counter(b, "bytes");
    if (who == "ganymede") {
      c.ours = time;
    } else if (who == "ganymede_packing") {
      c.packing = time;
    } else if (c.peer == 0 || time < c.peer) {
      c.peer = time, c.best_peer = who, c.label = b.value("label", "");
    }
  }
  return cases;
}

// "conv2d/forward" and "bf16" of conv2d/forward/A3/bf16.
std::string group_of(const Case& c) {
  const size_t first = c.name.find('/'), second = c.name.find('/', first + 1), last = c.name.rfind('/');
  return c.name.substr(0, second == last ? first : second) + " " + c.name.substr(last + 1);
}

void write_table(std::ostream& out, const Json& context, const std::vector<Case>& cases) {
  out << "## Kernels of " << context.value("device", "?") << " (" << context.value("device_name", "?") << ")\n\n";
  const auto rate = [&](const char* name) { return std::atof(context.value(name, "0").c_str()); };
  out << "Measured ceilings: " << number(rate("bytes_per_second") * 1e-9, "%.0f") << " GB/s copied, " << number(rate("flops_f32") * 1e-12, "%.2f")
      << " TFLOP/s f32";
  for (const char* name : {"tf32", "bf16"})
    if (const double r = rate((std::string("flops_") + name).c_str()); r > 0) out << ", " << number(r * 1e-12, "%.2f") << " " << name;
  out << ". Medians on rotated operands. Speed is the best peer's time over ours; of floor: the time that the ceilings allow over ours.\n\n";

  struct Group { int cases = 0, compared = 0, ahead = 0; double speed = 0, of_floor = 0; };
  std::map<std::string, Group> groups;
  for (const Case& c : cases) {
    if (c.ours == 0) continue;
    Group& g = groups[group_of(c)];
    ++g.cases;
    g.of_floor += std::log(std::max(c.floor / c.ours, 1e-9));
    if (c.peer > 0) ++g.compared, g.speed += std::log(c.peer / c.ours), g.ahead += c.peer >= c.ours;
  }
  out << "| operation | cases | speed, geometric mean | at least as fast | of floor, geometric mean |\n|---|---|---|---|---|\n";
  for (const auto& [name, g] : groups)
    out << "| " << name << " | " << g.cases << " | " << (g.compared ? number(std::exp(g.speed / g.compared), "%.2f") : "-") << " | "
        << (g.compared ? std::to_string(g.ahead) + " of " + std::to_string(g.compared) : "-") << " | " << number(std::exp(g.of_floor / g.cases), "%.2f") << " |\n";
  out << "\n| case | ours, us | best peer, us | peer | speed | of floor |\n|---|---|---|---|---|---|\n";
  for (const Case& c : cases) {
    out << "| " << c.name << " | " << (c.ours ? number(c.ours, "%.1f") : "-");
    if (c.packing > 0) out << " (" << number(c.packing, "%.1f") << " with packing)";
    out << " | " << (c.peer ? number(c.peer, "%.1f") : "-") << " | " << c.best_peer << (c.label.empty() ? "" : " (" + c.label + ")") << " | "
        << (c.peer && c.ours ? number(c.peer / c.ours, "%.2f") : "-") << " | " << (c.ours ? number(c.floor / c.ours, "%.2f") : "-") << " |\n";
  }
}

void write_json(std::ostream& out, const Json& context, const std::vector<Case>& cases) {
  Json all;
  for (const char* name : {"device", "device_name", "bytes_per_second", "flops_f32", "flops_tf32", "flops_bf16", "date"})
    if (context.contains(name)) all[name] = context[name];
  all["unit"] = "us";
  all["cases"] = Json::array();
  for (const Case& c : cases) {
    Json j{{"name", c.name}, {"floor", c.floor}};
    if (c.ours > 0) j["ganymede"] = c.ours, j["of_floor"] = c.floor / c.ours;
    if (c.packing > 0) j["ganymede_packing"] = c.packing;
    if (c.peer > 0) j["peer"] = c.best_peer, j["peer_time"] = c.peer;
    if (c.peer > 0 && c.ours > 0) j["speed"] = c.peer / c.ours;
    all["cases"].push_back(j);
  }
  out << all.dump(1) << "\n";
}

// Arithmetic intensity across, FLOP/s up, both logarithmic. Filled: ours; hollow: the best peer; colour: the type.
void write_roofline(std::ostream& out, const Json& context, const std::vector<Case>& cases) {
  const double width = 900, height = 560, left = 80, right = 20, top = 30, bottom = 60;
  const auto rate = [&](const std::string& name) { return std::atof(context.value(name, "0").c_str()); };
  double x_low = 1e9, x_high = 0, y_low = 1e30, y_high = 0;
  const auto widen = [&](double x, double y) { x_low = std::min(x_low, x), x_high = std::max(x_high, x), y_low = std::min(y_low, y), y_high = std::max(y_high, y); };
  for (const Case& c : cases)
    if (c.flops > 0)
      for (const double t : {c.ours, c.peer})
        if (t > 0) widen(c.flops / c.bytes, c.flops / t * 1e6);
  if (x_high == 0) throw std::runtime_error("no case with arithmetic was measured; nothing to plot");
  const std::pair<const char*, const char*> types[] = {{"f32", "#1f77b4"}, {"tf32", "#2ca02c"}, {"bf16", "#d62728"}};
  for (const auto& [type, colour] : types) y_high = std::max(y_high, rate(std::string("flops_") + type));
  x_low /= 1.5, x_high *= 1.5, y_low /= 1.5, y_high *= 1.5;
  const auto x_of = [&](double v) { return left + (width - left - right) * std::log(v / x_low) / std::log(x_high / x_low); };
  const auto y_of = [&](double v) { return height - bottom - (height - top - bottom) * std::log(v / y_low) / std::log(y_high / y_low); };
  out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height << "\" font-family=\"sans-serif\" font-size=\"12\">\n"
      << "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  const auto line = [&](double x1, double y1, double x2, double y2, const char* colour, const char* more) {
    out << "<line x1=\"" << x1 << "\" y1=\"" << y1 << "\" x2=\"" << x2 << "\" y2=\"" << y2 << "\" stroke=\"" << colour << "\" " << more << "/>\n";
  };
  const auto label = [&](double x, double y, const std::string& text, const char* more = "") { out << "<text x=\"" << x << "\" y=\"" << y << "\" " << more << ">" << text << "</text>\n"; };
  for (int e = int(std::ceil(std::log10(x_low))); std::pow(10, e) < x_high; ++e) {
    line(x_of(std::pow(10, e)), top, x_of(std::pow(10, e)), height - bottom, "#ddd", "");
    label(x_of(std::pow(10, e)), height - bottom + 18, number(std::pow(10, e), "%g"), "text-anchor=\"middle\"");
  }
  for (int e = int(std::ceil(std::log10(y_low))); std::pow(10, e) < y_high; ++e) {
    line(left, y_of(std::pow(10, e)), width - right, y_of(std::pow(10, e)), "#ddd", "");
    label(left - 6, y_of(std::pow(10, e)) + 4, number(std::pow(10, e - 9), "%g"), "text-anchor=\"end\"");
  }
  label(width / 2, height - 14, "FLOP per byte moved at least", "text-anchor=\"middle\"");
  label(12, 18, "GFLOP/s   filled: ganymede, hollow: the best peer, lines: measured ceilings");
  const double bandwidth = rate("bytes_per_second");
  double key = top + 14;
  for (const auto& [type, colour] : types) {
    const double most = rate(std::string("flops_") + type);
    if (most <= 0) continue;
    const double knee = most / bandwidth, from = std::max(x_low, y_low / bandwidth);
    if (from < knee) line(x_of(from), y_of(from * bandwidth), x_of(std::min(knee, x_high)), y_of(std::min(knee, x_high) * bandwidth), colour, "stroke-dasharray=\"5 3\"");
    if (knee < x_high) line(x_of(std::max(knee, x_low)), y_of(most), x_of(x_high), y_of(most), colour, "stroke-dasharray=\"5 3\"");
    label(left + 10, key, type, ("fill=\"" + std::string(colour) + "\"").c_str());
    key += 16;
  }
  for (const Case& c : cases) {
    if (c.flops <= 0) continue;
    std::string colour = "#888";
    for (const auto& [type, its] : types)
      if (c.name.ends_with(std::string("/") + type)) colour = its;
    const auto point = [&](double time, bool filled, const std::string& who) {
      if (time <= 0) return;
      out << "<circle cx=\"" << x_of(c.flops / c.bytes) << "\" cy=\"" << y_of(c.flops / time * 1e6) << "\" r=\"3\" stroke=\"" << colour << "\" fill=\""
          << (filled ? colour : "none") << "\"><title>" << c.name << " " << who << " " << number(time, "%.1f") << " us</title></circle>\n";
    };
    point(c.peer, false, c.best_peer);
    point(c.ours, true, "ganymede");
  }
  out << "</svg>\n";
}

void write(const std::string& path, const auto& body) {
  std::ostringstream text;
  body(text);
  std::ofstream out(path);
  out << text.str();
  if (!out.flush()) throw std::runtime_error(path + ": cannot be written");
}

Json read(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error(path + ": cannot be read");
  Json file = Json::parse(in, nullptr, false);
  if (file.is_discarded() || !file.contains("benchmarks") || !file.contains("context"))
    throw std::runtime_error(path + ": not the JSON that bench_kernels --benchmark_out=FILE writes");
  return file;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "bench_report: give JSON files, that of bench_kernels first, and the beginning of the results' names\n";
    return 2;
  }
  const std::string prefix = argv[argc - 1];
  try {
    std::vector<Json> files;
    for (int i = 1; i + 1 < argc; ++i) files.push_back(read(argv[i]));
    const std::vector<Case> cases = read_cases(files);
    if (cases.empty()) throw std::runtime_error(std::string(argv[1]) + ": no case was measured");
    const Json& context = files[0]["context"];
    write(prefix + ".json", [&](std::ostream& out) { write_json(out, context, cases); });
    write(prefix + ".md", [&](std::ostream& out) { write_table(out, context, cases); });
    if (std::any_of(cases.begin(), cases.end(), [](const Case& c) { return c.flops > 0; }))
      write(prefix + ".svg", [&](std::ostream& out) { write_roofline(out, context, cases); });
  } catch (const std::exception& e) {
    std::cerr << "bench_report: " << e.what() << "\n";
    return 1;
  }
  return 0;
}
