#include "gan/run/diagnosis.h"
#include "gan/run/settings.h"
#include "gan/session.h"
#include "tests/fuzz/fuzz.h"

using namespace ganymede;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::accepted([&] {
    const run::Json json = run::parse_run("run.json", std::string(fuzz::text_of(data, size)));
    run::Json other = json;
    other["model"] = "another", other["batch"] = 7;
    run::describe_difference(json, other, {"steps", "settings"});
    fuzz::demand(run::describe_difference(json, json, {}).empty(), "equal runs differ");
    run::diagnose({json, {}, {}, {}});
    fuzz::accepted([&] {
      const SessionOptions o = Session::from_run(json);
      fuzz::demand(o.batch >= 1 && o.steps >= 0 && o.threads >= 1 && o.size >= 0, "options in their ranges");
    });
  });
  return 0;
}
