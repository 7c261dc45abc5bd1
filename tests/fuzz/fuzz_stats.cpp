// stats.jsonl, and what a report makes of it.
#include "gan/run/chart_page.h"
#include "gan/run/diagnosis.h"
#include "gan/run/stats.h"
#include "tests/fuzz/fuzz.h"

using namespace ganymede;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::accepted([&] {
    const std::vector<run::StatsLine> lines = run::parse_stats("stats.jsonl", fuzz::text_of(data, size));
    for (const run::StatsLine& line : lines) run::to_json(line);
    run::charts_section(lines);
    run::diagnose({run::Json{{"model", "dcgan"}, {"steps", 100}}, lines, {}, {}});
  });
  return 0;
}
