// Memory and copies of the device under test.
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

TEST(MemorySim, AllocationsAreAlignedAndSeparate) {
  const DeviceKernels& device = kernels().device;
  std::vector<void*> all;
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{255}, size_t{100000}}) {
    all.push_back(device.allocate(bytes));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(all.back()) % 256, 0u) << bytes;
  }
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_NE(all[i], all[j]);
  }
  for (void* data : all) device.release(data);
}

TEST(MemorySim, TooLargeAnAllocationThrows) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer ends the program instead";
#endif
  EXPECT_THROW(kernels().device.allocate(size_t{1} << 60), std::bad_alloc);
}

TEST(MemorySim, CopiesAndFills) {
  const DeviceKernels& device = kernels().device;
  constexpr size_t kBytes = 1003;
  std::vector<unsigned char> sent(kBytes), received(kBytes);
  for (size_t i = 0; i < kBytes; ++i) sent[i] = static_cast<unsigned char>(i * 7);
  const Stream stream = device.stream();
  auto* a = static_cast<unsigned char*>(device.allocate(kBytes));
  auto* b = static_cast<unsigned char*>(device.allocate(kBytes));
  device.upload(stream, a, sent.data(), kBytes);
  device.copy(stream, b, a, kBytes);
  device.fill_bytes(stream, b + 10, 0xab, 20);
  device.copy(stream, b, a, 0);
  device.download(stream, received.data(), b, kBytes);
  std::fill(sent.begin() + 10, sent.begin() + 30, 0xab);
  EXPECT_EQ(received, sent);
  device.synchronize();
  device.release(a);
  device.release(b);
}

TEST(MemorySim, SaysWhatItIs) {
  const DeviceKernels& device = kernels().device;
  ASSERT_GE(device.count(), 1);
  const DeviceInfo info = device.info(0);
  EXPECT_NE(info.name[0], '\0');
  EXPECT_GT(info.total_memory, int64_t{1} << 20);
  EXPECT_GE(info.multiprocessors, 1);
  device.select(0);
  EXPECT_THROW(device.select(1000), std::runtime_error);
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
