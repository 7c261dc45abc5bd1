from harness import coarse, fixed, normal, uniform


def resize(suite):
    for name, shape, size in (
        ("double", (2, 3, 4, 3), [8, 6]),
        ("odd_up", (1, 2, 3, 5), [7, 8]),
        ("odd_down", (2, 3, 7, 8), [3, 5]),
        ("from_one_pixel", (2, 3, 1, 1), [3, 2]),
        ("to_one_pixel", (1, 3, 5, 4), [1, 1]),
        ("up_and_down", (1, 2, 3, 9), [8, 4]),
        ("same", (1, 2, 3, 4), [3, 4]),
    ):
        x = [normal(*shape)]
        suite.case("upsample_nearest", name, x, size=size)
        for op in ("upsample_bilinear", "upsample_bicubic"):
            suite.case(op, name, x, size=size)
            if name not in ("same", "double"):
                suite.case(op, f"{name}_corners", x, size=size, align_corners=True)
            if name != "same":
                suite.case(op, f"{name}_antialias", x, size=size, antialias=True)
    suite.case("upsample_bilinear", "quarter_antialias", [normal(1, 2, 12, 16)], size=[3, 4], antialias=True)
    suite.case("upsample_bicubic", "quarter_antialias", [normal(1, 2, 12, 16)], size=[3, 4], antialias=True)
    suite.case(
        "upsample_bicubic",
        "prime_antialias_corners",
        [normal(1, 2, 11, 7)],
        size=[5, 3],
        antialias=True,
        align_corners=True,
    )


def pool(suite):
    suite.case("avg_pool2d", "k2", [normal(2, 3, 4, 6)], kernel=2)
    suite.case("avg_pool2d", "k2_odd", [normal(2, 3, 5, 7)], kernel=2)
    suite.case("avg_pool2d", "k3_stride2_pad1", [normal(2, 3, 7, 6)], kernel=3, stride=2, padding=1)
    suite.case(
        "avg_pool2d",
        "k3_stride2_pad1_exclude",
        [normal(2, 3, 7, 6)],
        kernel=3,
        stride=2,
        padding=1,
        count_include_pad=False,
    )
    suite.case(
        "avg_pool2d",
        "pair",
        [normal(1, 3, 7, 9)],
        kernel=[2, 4],
        stride=[3, 1],
        padding=[1, 2],
        count_include_pad=False,
    )
    suite.case("avg_pool2d", "whole_image", [normal(3, 5, 4, 3)], kernel=[4, 3])
    suite.case("avg_pool2d", "stride_beyond_kernel", [normal(1, 2, 8, 7)], kernel=2, stride=3)

    suite.case("max_pool2d", "k2", [normal(2, 3, 4, 6)], kernel=2)
    suite.case("max_pool2d", "k2_odd", [normal(2, 3, 5, 7)], kernel=2)
    suite.case("max_pool2d", "k3_stride2_pad1", [normal(2, 3, 7, 6)], kernel=3, stride=2, padding=1)
    suite.case("max_pool2d", "overlapping", [normal(1, 3, 6, 5)], kernel=3, stride=1)
    suite.case(
        "max_pool2d",
        "pair_negative_values",
        [normal(1, 2, 7, 8, mean=-9.0)],
        kernel=[3, 2],
        stride=[2, 3],
        padding=[1, 1],
    )
    suite.case("max_pool2d", "ties", [coarse(2, 3, 6, 7)], kernel=3, stride=2, padding=1)
    suite.case("max_pool2d", "all_equal", [fixed([[[[0.5] * 5] * 4]])], kernel=2, stride=1)

    suite.case("adaptive_avg_pool2d", "to_one", [normal(2, 5, 7, 3)], size=1)
    suite.case("adaptive_avg_pool2d", "divides", [normal(2, 3, 6, 4)], size=[3, 2])
    suite.case("adaptive_avg_pool2d", "overlaps", [normal(1, 3, 7, 5)], size=[4, 3])
    suite.case("adaptive_avg_pool2d", "larger_than_input", [normal(1, 2, 3, 2)], size=[5, 4])
    suite.case("adaptive_avg_pool2d", "same", [normal(2, 2, 3, 5)], size=[3, 5])


def padding(suite):
    x = [normal(2, 3, 4, 5)]
    suite.case("pad", "zeros", x, amounts=[1, 2, 3, 0])
    suite.case("pad", "constant", x, mode="constant", amounts=[2, 0, 1, 1], value=-0.75)
    suite.case("pad", "crop", x, amounts=[-1, -2, 0, -1])
    suite.case("pad", "crop_and_pad", x, mode="constant", amounts=[-1, 2, 3, -2], value=0.5)
    suite.case("pad", "nothing", x, amounts=[0, 0, 0, 0])
    suite.case("pad", "reflect", x, mode="reflect", amounts=[1, 2, 3, 1])
    suite.case("pad", "reflect_largest", [normal(1, 2, 3, 4)], mode="reflect", amounts=[3, 3, 2, 2])
    suite.case("pad", "replicate", x, mode="replicate", amounts=[1, 2, 3, 1])
    suite.case("pad", "replicate_one_pixel", [normal(2, 3, 1, 1)], mode="replicate", amounts=[2, 1, 3, 4])
    suite.case("pad", "replicate_beyond_size", [normal(1, 2, 2, 3)], mode="replicate", amounts=[5, 0, 0, 4])


def sampling(suite):
    inside, outside = uniform(-0.9, 0.9, 2, 4, 3, 2), uniform(-1.6, 1.6, 2, 4, 3, 2)
    x = normal(2, 3, 5, 4)
    for corners in (False, True):
        suffix = "_corners" if corners else ""
        suite.case("grid_sample", "inside" + suffix, [x, inside], align_corners=corners)
        suite.case(
            "grid_sample", "outside_zeros" + suffix, [x, outside], padding_mode="zeros", align_corners=corners
        )
        suite.case(
            "grid_sample",
            "outside_border" + suffix,
            [x, outside],
            padding_mode="border",
            align_corners=corners,
        )
    suite.case("grid_sample", "far_outside", [normal(1, 2, 3, 3), uniform(-6.0, 6.0, 1, 5, 3, 2)])
    suite.case("grid_sample", "one_pixel_image", [normal(2, 3, 1, 1), uniform(-1.5, 1.5, 2, 2, 3, 2)])
    suite.case(
        "grid_sample", "one_point", [normal(1, 5, 4, 7), uniform(-0.9, 0.9, 1, 1, 1, 2)], align_corners=True
    )
    suite.case("grid_sample", "many_points_one_cell", [normal(1, 2, 6, 6), uniform(0.05, 0.25, 1, 7, 5, 2)])

    near_identity = lambda r: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]] + 0.3 * r.standard_normal((2, 2, 3))
    suite.case("affine_grid", "plain", [near_identity], size=[2, 3, 4, 5])
    suite.case("affine_grid", "corners", [near_identity], size=[2, 1, 3, 7], align_corners=True)
    suite.case("affine_grid", "one_column", [normal(3, 2, 3)], size=[3, 1, 5, 1])
    # PyTorch warns that a size of one with align_corners lies at 0 since version 1.3.
    suite.case("affine_grid", "one_pixel_corners", [normal(2, 2, 3)], size=[2, 1, 1, 1], align_corners=True)


def add(suite):
    resize(suite)
    pool(suite)
    padding(suite)
    sampling(suite)
    for op, shape in (
        ("pixel_shuffle", lambda c, h, w, f: (2, c * f * f, h, w)),
        ("pixel_unshuffle", lambda c, h, w, f: (2, c, h * f, w * f)),
    ):
        suite.case(op, "factor2", [normal(*shape(3, 3, 5, 2))], factor=2)
        suite.case(op, "factor3", [normal(*shape(2, 2, 3, 3))], factor=3)
        suite.case(op, "factor1", [normal(*shape(3, 2, 3, 1))], factor=1)
        suite.case(op, "one_pixel_factor4", [normal(*shape(1, 1, 1, 4))], factor=4)
