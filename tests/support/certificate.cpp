#include "tests/support/certificate.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "engine/check.h"

namespace ganymede::test {
namespace {

std::string number(double e) {
  char out[32];
  if (e == 0) return "0";
  std::snprintf(out, sizeof out, "%.0e", e);
  std::string s = out;
  if (const size_t at = s.find("e-0"); at != std::string::npos) s.erase(at + 2, 1);
  return s;
}

std::string cell(const OpCase& c, const Device& device, Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::tf32 && c.kind != Kind::product) return "as f32";
  if (device_count(device.type) == 0) return "not run";
  const Errors e = errors_of(c, device, arithmetic);
  return number(e.forward) + " / " + number(e.first) + " / " + number(e.second);
}

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  require(bool(in), path, ": cannot be read");
  return out.str();
}

// Where a section's text begins and ends.
std::pair<size_t, size_t> place(const std::string& path, const std::string& all, const std::string& name) {
  const std::string begin = "<!-- begin " + name + " -->\n", end = "<!-- end " + name + " -->";
  const size_t from = all.find(begin), to = all.find(end);
  require(from != std::string::npos && to != std::string::npos && from < to, path, ": no section ", name);
  return {from + begin.size(), to};
}

}  // namespace

std::string read_section(const std::string& page, const std::string& name) {
  const std::string all = read(page);
  const auto [from, to] = place(page, all, name);
  return all.substr(from, to - from);
}

void write_section(const std::string& page, const std::string& name, const std::string& text) {
  std::string all = read(page);
  const auto [from, to] = place(page, all, name);
  all.replace(from, to - from, text);
  std::ofstream out(page);
  out << all;
  require(bool(out.flush()), page, ": cannot be written");
}

std::string certificate(const std::vector<OpCase>& cases) {
  std::ostringstream out;
  const std::pair<Arithmetic, const char*> numbers[] = {{Arithmetic::f32, "f32"}, {Arithmetic::tf32, "tf32"}, {Arithmetic::bf16, "bf16"}};
  const std::pair<DeviceType, const char*> devices[] = {{DeviceType::cpu, "cpu"}, {DeviceType::sim, "sim"}, {DeviceType::cuda, "cuda"}};
  // tf32 belongs to tensor cores.
  const auto exists = [](DeviceType d, Arithmetic a) { return d != DeviceType::cpu || a != Arithmetic::tf32; };
  out << "| case | cpu f64, differences";
  for (const auto& [a, number] : numbers)
    for (const auto& [d, device] : devices)
      if (exists(d, a)) out << " | " << device << " " << number;
  out << " |\n|---|---|---|---|---|---|---|---|---|---|\n";
  for (const OpCase& c : cases) {
    double first = 0, second = 0;
    const Tensors in = inputs_of(c);
    const std::string wrong = gradcheck(c.f, in, {.worst = &first}) + gradgradcheck(c.f, in, {.worst = &second});
    require(wrong.empty(), c.name, ": ", wrong);
    out << "| " << c.name << " | " << number(first) << " / " << number(second);
    for (const auto& [a, n] : numbers)
      for (const auto& [d, name] : devices)
        if (exists(d, a)) out << " | " << cell(c, {d, 0}, a);
    out << " |\n";
  }
  return out.str();
}

std::string check_certificate(const std::string& page, const std::string& section, const std::vector<OpCase>& cases) {
  if (std::getenv("GANYMEDE_WRITE_DOCS")) write_section(page, section, certificate(cases));
  std::set<std::string> want, have;
  for (const OpCase& c : cases) want.insert(c.name);
  std::istringstream lines(read_section(page, section));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("| ") && !line.starts_with("| case")) have.insert(line.substr(2, line.find(" |", 2) - 2));
  std::vector<std::string> differ;
  std::set_symmetric_difference(want.begin(), want.end(), have.begin(), have.end(), std::back_inserter(differ));
  if (differ.empty()) return "";
  return text(page, ", section ", section, ": ", differ[0], want.count(differ[0]) ? " is missing" : " is not a case any more",
              "; write it anew with GANYMEDE_WRITE_DOCS=1 and test_", section == "ops" ? "engine" : "nn", " --gtest_filter='*Certificate*'");
}

}  // namespace ganymede::test
