from harness import fixed, normal, uniform


def affine(*shape):
    return [normal(*shape, mean=1.0, std=0.5), normal(*shape)]


def add(suite):
    suite.case("batch_norm", "affine", [normal(3, 5, 4, 3)] + affine(5))
    suite.case("batch_norm", "plain", [normal(3, 5, 4, 3)], eps=1e-3)
    suite.case("batch_norm", "one_pixel", [normal(7, 3, 1, 1)] + affine(3))
    suite.case("batch_norm", "one_sample", [normal(1, 3, 5, 7)] + affine(3))
    suite.case("batch_norm", "one_channel", [normal(2, 1, 3, 5)] + affine(1))
    suite.case("batch_norm", "two_values", [normal(2, 2, 1, 1)] + affine(2), eps=0.1)
    suite.case("batch_norm", "offset", [normal(4, 3, 4, 5, mean=16.0)] + affine(3))
    suite.case(
        "batch_norm",
        "constant_channel",
        [lambda r: r.standard_normal((2, 3, 2, 4)) * [[[[1]], [[0]], [[1]]]]] + affine(3),
        eps=0.01,
    )
    suite.case("batch_norm", "many_pixels", [normal(2, 3, 11, 13)] + affine(3))
    suite.case("batch_norm", "prime_channels", [normal(3, 37, 2, 1)] + affine(37))

    suite.case("instance_norm", "plain", [normal(3, 4, 5, 3)])
    suite.case("instance_norm", "affine", [normal(2, 5, 3, 4)] + affine(5), eps=1e-3)
    suite.case("instance_norm", "two_pixels", [normal(2, 3, 1, 2)] + affine(3), eps=0.1)
    suite.case("instance_norm", "one_sample_odd", [normal(1, 3, 7, 11)] + affine(3))
    suite.case("instance_norm", "offset", [normal(2, 3, 5, 4, mean=-8.0)])
    suite.case("instance_norm", "one_channel", [normal(3, 1, 4, 4)] + affine(1))

    suite.case("layer_norm", "plain", [normal(3, 4, 3, 5)])
    suite.case("layer_norm", "affine", [normal(3, 4, 3, 5)] + affine(4, 3, 5), eps=1e-3)
    suite.case("layer_norm", "one_pixel", [normal(4, 7, 1, 1)] + affine(7, 1, 1))
    suite.case("layer_norm", "one_sample_one_channel", [normal(1, 1, 5, 3)] + affine(1, 5, 3))
    suite.case("layer_norm", "offset", [normal(2, 3, 4, 5, mean=8.0)] + affine(3, 4, 5))
    suite.case("layer_norm", "wide", [normal(2, 13, 5, 7)])

    suite.case("group_norm", "groups2", [normal(2, 6, 3, 5)] + affine(6), groups=2)
    suite.case("group_norm", "one_group", [normal(3, 5, 4, 2)] + affine(5), groups=1, eps=1e-3)
    suite.case("group_norm", "a_group_a_channel", [normal(2, 5, 3, 4)] + affine(5), groups=5)
    suite.case("group_norm", "plain", [normal(2, 9, 3, 2)], groups=3)
    suite.case("group_norm", "one_pixel", [normal(3, 8, 1, 1)] + affine(8), groups=2)
    suite.case("group_norm", "one_sample", [normal(1, 6, 5, 3)] + affine(6), groups=3)

    suite.case("pixel_norm", "plain", [normal(2, 7, 3, 5)])
    suite.case("pixel_norm", "eps", [normal(3, 4, 2, 3)], eps=0.1)
    suite.case("pixel_norm", "one_channel", [normal(2, 1, 3, 2)], eps=0.5)
    suite.case("pixel_norm", "one_pixel", [normal(5, 13, 1, 1)])

    suite.case("spectral_norm", "matrix", [normal(5, 7), normal(5)], iterations=1)
    suite.case("spectral_norm", "conv", [normal(4, 3, 3, 3), normal(4)], iterations=1)
    suite.case("spectral_norm", "three_iterations", [normal(7, 2, 3, 2), normal(7)], iterations=3)
    suite.case("spectral_norm", "one_row", [normal(1, 11), uniform(0.5, 1.0, 1)], iterations=2)
    suite.case("spectral_norm", "one_column", [normal(6, 1), normal(6)], iterations=1)
    suite.case("spectral_norm", "eps", [normal(3, 4), normal(3)], iterations=1, eps=1e-4)

    suite.case("minibatch_stddev", "one_group", [normal(4, 3, 3, 5)], group_size=4, eps=1e-8)
    suite.case("minibatch_stddev", "two_groups", [normal(6, 2, 3, 2)], group_size=3, eps=1e-8)
    suite.case("minibatch_stddev", "three_groups_of_two", [normal(6, 3, 2, 2)], group_size=2, eps=1e-4)
    suite.case("minibatch_stddev", "group_larger_than_batch", [normal(3, 2, 2, 3)], group_size=8, eps=1e-8)
    suite.case("minibatch_stddev", "one_pixel", [normal(4, 5, 1, 1)], group_size=2, eps=1e-3)

    # Channel 1 is the same in all samples: its deviation is sqrt(eps) and does not move.
    same = fixed(
        [
            [
                [[n * n * 0.5 - c * 0.25 * n * (n != 1)] for _ in range(2)] if c != 1 else [[0.5], [0.5]]
                for c in range(3)
            ]
            for n in range(4)
        ]
    )
    suite.case("minibatch_stddev", "constant_channel", [same], group_size=4, eps=0.01)
