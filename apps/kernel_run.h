// Runs a KernelCase on a device.
#pragma once
#include "apps/kernel_case.h"
#include "kernels/simt/trace.h"

namespace ganymede::apps {

// The operands of a case in a device's memory, with a workspace, ready to be called.
class PreparedCase {
 public:
  PreparedCase(const kernels::Kernels& kernels, const KernelCase& problem, DType dtype, Math math);
  ~PreparedCase();
  PreparedCase(const PreparedCase&) = delete;

  void call() const { problem_.call(kernels_, dtype_, math_, pointers_); }
  // After the choice of variants has changed: a workspace of the size that is wanted now.
  void renew_workspace();
  // Of operand i, as numbers; waits for the device.
  std::vector<double> values(size_t i) const;
  std::vector<kernels::TraceOperand> trace_operands() const;
  double bytes_moved() const;   // every operand once

 private:
  DType stored(const KernelOperand& o) const;

  const kernels::Kernels& kernels_;
  const KernelCase& problem_;
  DType dtype_;
  Math math_;
  std::vector<void*> pointers_;
};

// Relative L2 error of an output.
struct OutputError {
  std::string name;
  double error, bound;
};
// The outputs of a prepared case that was called once, against the same call in f64 on the cpu.
std::vector<OutputError> check_case(const PreparedCase& prepared, const KernelCase& problem, DType dtype, Math math);

double relative_error(const std::vector<double>& found, const std::vector<double>& wanted);   // L2
double allowed_error(const KernelCase& problem, DType dtype, Math math);                      // against f64

// Median seconds of a call on a cuda device.
double median_seconds(const kernels::Kernels& kernels, const std::function<void()>& call);
// The same of a case, and what its bandwidth and arithmetic allow, both measured here.
struct CaseTime {
  double seconds, floor_seconds, bytes_per_second, operations_per_second;
};
CaseTime time_case(const kernels::Kernels& kernels, const PreparedCase& prepared, const KernelCase& problem, DType dtype, Math math);

// What the threads of a block do; operands are in the memory of the traced kernels. Throws Error where the build has none.
const kernels::TraceLibrary& trace_library();

}  // namespace ganymede::apps
