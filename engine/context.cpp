#include "engine/context.h"

#include "engine/check.h"

namespace ganymede {

Context& context() {
  thread_local Context c;
  return c;
}

Precision parse_precision(const std::string& name) {
  if (name == "f32") return Precision::f32;
  if (name == "tf32") return Precision::tf32;
  if (name == "bf16") return Precision::bf16;
  throw UsageError("unknown precision " + name + ": use f32, tf32 or bf16");
}

void forbid_host_read(const char* what) {
  require(!context().unit, what, " reads a value on the host inside an update; updates are captured and replayed, so "
          "keep the value in a tensor (use when() to depend on it)");
}

}  // namespace ganymede
