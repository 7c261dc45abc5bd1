// Writes (GANYMEDE_WRITE_DOCS=1) and checks the certificates of losses and layers in docs/ops.md.
#include <gtest/gtest.h>

#include "tests/nn/block_cases.h"
#include "tests/nn/loss_cases.h"
#include "tests/support/certificate.h"
#include "tests/support/places.h"

namespace ganymede::test {

TEST(Certificate, ListsEveryCaseOfTheLosses) { EXPECT_EQ(check_certificate(test::source_dir() + "/docs/ops.md", "losses", loss_cases()), ""); }
TEST(Certificate, ListsEveryCaseOfTheLayers) { EXPECT_EQ(check_certificate(test::source_dir() + "/docs/ops.md", "layers", block_cases()), ""); }

}  // namespace ganymede::test
