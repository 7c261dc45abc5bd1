// conformance [--device cpu|sim|cuda] [--precision f32|tf32|bf16|f64] [--twins] [--allow-unsupported] DIR_OR_FILE...
//
// Checks the engine against cases that a trusted reference made: one line a case, a summary last.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include "engine/check.h"
#include "gan/tuned.h"
#include "tests/conformance/check.h"

namespace ganymede::conformance {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_in(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    require(fs::exists(path), path, ": no such file or folder");
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    const size_t before = files.size();
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
    }
    require(files.size() > before, path, ": no .safetensors file in this folder");
  }
  std::sort(files.begin(), files.end());
  return files;
}

enum class Verdict { passed, failed, unsupported };

Verdict run_case(const std::string& path, const Setting& setting) {
  std::string name;  // empty while the file is read: its errors name the path
  try {
    const Case c = read_case(path);
    name = c.name;
    const std::vector<Measured> measured = check(c, setting);
    std::string good, bad;
    for (const Measured& m : measured) {
      char line[160];
      std::snprintf(line, sizeof line, m.ok() ? " %s %.1e" : " %s relative error %.2e, bound %.0e;",
                    m.tensor.c_str(), m.error, m.bound);
      (m.ok() ? good : bad) += line;
    }
    if (!bad.empty()) bad.pop_back();
    std::cout << (bad.empty() ? "PASS " + name + good : "FAIL " + name + bad) << '\n';
    return bad.empty() ? Verdict::passed : Verdict::failed;
  } catch (const Unsupported& what) {
    std::cout << "UNSUPPORTED " << name << ' ' << what.what() << '\n';
    return Verdict::unsupported;
  } catch (const std::exception& error) {
    std::cout << "FAIL " << name << (name.empty() ? "" : " ") << error.what() << '\n';
    return Verdict::failed;
  }
}

// Convolutions that kernels for sm_90a have computed.
int64_t count_twins(const ganymede::ConvolutionRecord& record, const ganymede::kernels::VariantKernels& variants) {
  return std::count_if(record.all().begin(), record.all().end(), [&](const ganymede::UsedConvolution& u) {
    return std::string(variants.tile_name(variants.chosen(u.role, u.problem).tile)).starts_with("twin");
  });
}

int64_t count_twins(const ganymede::AttentionRecord& record, const ganymede::kernels::VariantKernels& variants) {
  return std::count_if(record.all().begin(), record.all().end(), [&](const ganymede::UsedAttention& u) { return variants.takes_attention_twin(u.role, u.problem); });
}

int run(const std::vector<std::string>& paths, const Setting& setting, bool allow_unsupported, bool twins) {
  int counts[3] = {};
  const ganymede::ConvolutionRecord record;
  const ganymede::AttentionRecord attentions;
  for (const std::string& file : files_in(paths)) ++counts[static_cast<int>(run_case(file, setting))];
  std::cout << counts[0] << " passed, " << counts[1] << " failed, " << counts[2] << " unsupported\n";
  if (twins) {
    const auto& variants = *ganymede::variants_of(setting.device);
    const int64_t done = count_twins(record, variants), attended = count_twins(attentions, variants);
    std::cout << done << " of " << record.all().size() << " convolutions by twins for sm_90a\n";
    std::cout << attended << " of " << attentions.all().size() << " attentions by twins for sm_90a\n";
    if (done + attended == 0) return 1;
  }
  return counts[1] != 0 || (counts[2] != 0 && !allow_unsupported) ? 1 : 0;
}

}  // namespace
}  // namespace ganymede::conformance

int main(int argc, char** argv) {
  using namespace ganymede::conformance;
  CLI::App app{"Checks the engine against conformance cases."};
  std::string device = "cpu", precision = "f32";
  Setting setting;
  bool allow_unsupported = false, twins = false;
  std::vector<std::string> paths;
  app.add_option("--device", device, "cpu, sim, cuda or cuda:N")->capture_default_str();
  app.add_option("--precision", precision, "f32, tf32, bf16, or f64 on cpu")
      ->check(CLI::IsMember({"f32", "tf32", "bf16", "f64"}))
      ->capture_default_str();
  app.add_flag("--allow-unsupported", allow_unsupported,
               "exit with 0 though the engine lacks some operations");
  app.add_flag("--twins", twins, "on sim, and on cuda where the card is of sm_90: the kernels for sm_90a wherever they can compute a case");
  app.add_option("cases", paths, "files or folders of cases")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    std::cerr << "conformance: " << error.what() << '\n';
    return 2;
  }
  try {
    setting.device = ganymede::Device::parse(device);
    if (twins) {
      const auto* variants = ganymede::variants_of(setting.device);
      if (!variants) throw ganymede::UsageError("--twins: " + setting.device.str() + " has no kernels for sm_90a; --device must be sim or cuda");
      variants->force_twins(true);
    }
    setting.arithmetic = std::map<std::string, Arithmetic>{
        {"f32", Arithmetic::f32},
        {"tf32", Arithmetic::tf32},
        {"bf16", Arithmetic::bf16},
        {"f64",
         Arithmetic::f64}}.at(precision);
    return run(paths, setting, allow_unsupported, twins);
  } catch (const ganymede::UsageError& error) {
    std::cerr << "conformance: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "conformance: " << error.what() << '\n';
    return 1;
  }
}
