// Writes (GANYMEDE_WRITE_DOCS=1) and checks the certificate of the ops in docs/ops.md.
#include <gtest/gtest.h>

#include "tests/engine/op_cases.h"
#include "tests/support/certificate.h"
#include "tests/support/places.h"

namespace ganymede::test {

TEST(Certificate, ListsEveryCaseOfTheOps) { EXPECT_EQ(check_certificate(test::source_dir() + "/docs/ops.md", "ops", op_cases()), ""); }

}  // namespace ganymede::test
