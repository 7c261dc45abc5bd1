// Graphs of the simulator: what is captured is not run, and replays run it with the arguments of then.
#include <gtest/gtest.h>

#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

TEST(SimtGraph, ReplaysWhatWasCapturedWithTheArgumentsOfThen) {
  const DeviceKernels& device = kernels().device;
  Buffer x(DType::f32, Values{1, 2, 3}), y(DType::f32, Values{0, 0, 0}), z(DType::f32, Values{0, 0, 0});
  device.begin_capture(nullptr);
  double factor = 2;
  kernels().elementwise.axpby(nullptr, DType::f32, 3, factor, x.data(), 1, y.data(), 0, y.data());  // y = 2 x + y
  device.copy(nullptr, z.data(), y.data(), 3 * sizeof(float));
  void* const graph = device.end_capture(nullptr);
  factor = 100;
  EXPECT_EQ(y.values(), (Values{0, 0, 0}));
  device.launch_graph(nullptr, graph);
  device.launch_graph(nullptr, graph);
  EXPECT_EQ(y.values(), (Values{4, 8, 12}));
  EXPECT_EQ(z.values(), (Values{4, 8, 12}));
  device.destroy_graph(graph);
  kernels().elementwise.axpby(nullptr, DType::f32, 3, 1, x.data(), 0, y.data(), 0, y.data());  // runs at once again
  EXPECT_EQ(y.values(), (Values{1, 2, 3}));
}

TEST(SimtGraph, TakesNothingFromTheHost) {
  const DeviceKernels& device = kernels().device;
  Buffer x(DType::f32, Values{1});
  float host = 5;
  device.begin_capture(nullptr);
  EXPECT_THROW(device.upload(nullptr, x.data(), &host, sizeof host), std::runtime_error);
  EXPECT_THROW(device.download(nullptr, &host, x.data(), sizeof host), std::runtime_error);
  EXPECT_THROW(device.begin_capture(nullptr), std::runtime_error);
  device.destroy_graph(device.end_capture(nullptr));
  EXPECT_THROW(device.end_capture(nullptr), std::runtime_error);
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
