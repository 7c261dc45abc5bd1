from harness import coarse, normal


def conv2d(suite):
    def case(name, x, w, bias=True, **attrs):
        inputs = [normal(*x), normal(*w, std=0.4)] + ([normal(w[0])] if bias else [])
        suite.case("conv2d", name, inputs, **attrs)

    case("defaults", (2, 3, 7, 5), (4, 3, 3, 3))
    case("no_bias", (2, 3, 7, 5), (4, 3, 3, 3), bias=False, padding=1)
    case("k1", (2, 5, 4, 3), (7, 5, 1, 1))
    case("k1_stride2", (1, 3, 7, 6), (5, 3, 1, 1), stride=2)
    case("k1_on_1px", (3, 5, 1, 1), (4, 5, 1, 1))
    case("k3_on_1px_padded", (2, 3, 1, 1), (5, 3, 3, 3), padding=1)
    case("k3_on_one_row", (2, 3, 1, 9), (4, 3, 3, 3), padding=1)
    case("k4_stride2_pad1", (2, 3, 8, 8), (5, 3, 4, 4), bias=False, stride=2, padding=1)
    case("k4_stride2_pad1_odd", (2, 3, 9, 7), (5, 3, 4, 4), stride=2, padding=1)
    case("k4_to_1px", (3, 7, 4, 4), (1, 7, 4, 4), bias=False)
    case("k5_stride2_pad2", (2, 3, 9, 8), (4, 3, 5, 5), stride=2, padding=2)
    case("k5_same_prime_channels", (1, 7, 6, 5), (11, 7, 5, 5), padding=2)
    case("k7_pad3", (1, 3, 8, 7), (4, 3, 7, 7), padding=3)
    case("k9_pad4_one_channel", (1, 1, 9, 10), (3, 1, 9, 9), padding=4)
    case("k2_stride3_leaves_pixels", (2, 3, 8, 10), (4, 3, 2, 2), stride=3)
    case("k1_stride3", (1, 2, 8, 7), (3, 2, 1, 1), stride=3)
    case("stride_pair", (2, 3, 9, 8), (4, 3, 3, 3), stride=[3, 1], padding=[2, 0])
    case("kernel_3x1", (2, 4, 7, 5), (3, 4, 3, 1), padding=[1, 0])
    case("kernel_1x5", (2, 4, 5, 8), (3, 4, 1, 5), padding=[0, 2], stride=[1, 2])
    case("kernel_2x3_asymmetric", (1, 3, 6, 7), (5, 3, 2, 3), padding=1, stride=[2, 3])
    case("dilation2", (2, 3, 9, 8), (4, 3, 3, 3), dilation=2, padding=2)
    case("dilation_pair_stride2", (1, 3, 11, 9), (4, 3, 3, 2), dilation=[3, 2], stride=2, padding=[3, 1])
    case("padding_beyond_kernel", (1, 2, 4, 3), (3, 2, 2, 2), padding=3)
    case("groups2", (2, 6, 5, 6), (4, 3, 3, 3), groups=2, padding=1)
    case("groups3_stride2", (2, 9, 7, 5), (6, 3, 3, 3), groups=3, stride=2, padding=1)
    case("depthwise", (2, 5, 6, 5), (5, 1, 3, 3), groups=5, padding=1)
    case(
        "depthwise_multiplier_dilated",
        (1, 3, 8, 7),
        (6, 1, 3, 3),
        groups=3,
        dilation=2,
        padding=2,
        bias=False,
    )
    case("many_channels", (1, 37, 3, 3), (33, 37, 1, 1), bias=False)
    case("channels_in_eights", (2, 16, 6, 5), (24, 16, 3, 3), padding=1)
    case("channels_in_eights_stride2", (1, 72, 5, 4), (9, 72, 2, 2), stride=2, padding=1)
    case("batch17", (17, 2, 3, 4), (3, 2, 3, 3), padding=1)
    suite.case(
        "conv2d",
        "zeros_in_x",
        [coarse(2, 3, 6, 5, values=(0.0, 0.0, 1.0, -2.0)), normal(4, 3, 3, 3)],
        padding=1,
    )
    case("reflect_k3_pad1", (2, 3, 7, 5), (4, 3, 3, 3), padding=1, padding_mode="reflect")
    case("reflect_k7_pad3", (1, 3, 6, 4), (5, 3, 7, 7), bias=False, padding=3, padding_mode="reflect")
    case("reflect_onto_itself", (1, 2, 3, 2), (3, 2, 3, 3), padding=[2, 1], padding_mode="reflect")
    case("reflect_stride2", (2, 3, 8, 7), (4, 3, 4, 4), stride=2, padding=1, padding_mode="reflect")
    case("reflect_in_eights", (1, 16, 6, 5), (24, 16, 3, 3), padding=1, padding_mode="reflect")
    case("reflect_groups2", (2, 6, 5, 6), (4, 3, 3, 3), groups=2, padding=1, padding_mode="reflect")
    case("replicate_k3_pad1", (2, 3, 7, 5), (4, 3, 3, 3), padding=1, padding_mode="replicate")
    case("replicate_beyond_image", (1, 2, 2, 1), (3, 2, 5, 3), padding=[4, 3], padding_mode="replicate")
    case("replicate_dilation2_stride2", (2, 3, 9, 8), (4, 3, 3, 3), dilation=2, stride=2, padding=2, padding_mode="replicate")
    case("replicate_to_one_channel_k9", (1, 3, 6, 5), (1, 3, 9, 9), padding=4, padding_mode="replicate")


def conv_transpose2d(suite):
    def case(name, x, w, bias=True, **attrs):
        channels = w[1] * attrs.get("groups", 1)
        inputs = [normal(*x), normal(*w, std=0.4)] + ([normal(channels)] if bias else [])
        suite.case("conv_transpose2d", name, inputs, **attrs)

    case("defaults", (2, 4, 5, 3), (4, 3, 3, 3))
    case("k1", (2, 5, 4, 3), (5, 7, 1, 1))
    case("k4_from_1px", (3, 7, 1, 1), (7, 5, 4, 4), bias=False)
    case("k4_stride2_pad1", (2, 5, 4, 4), (5, 3, 4, 4), bias=False, stride=2, padding=1)
    case("k4_stride2_pad1_odd", (1, 5, 3, 5), (5, 3, 4, 4), stride=2, padding=1)
    case("k5_stride2_pad2_op1", (2, 4, 3, 4), (4, 3, 5, 5), stride=2, padding=2, output_padding=1)
    case("k3_stride2_op_pair", (2, 3, 4, 3), (3, 4, 3, 3), stride=2, padding=1, output_padding=[1, 0])
    case("k2_stride3_gaps", (2, 3, 3, 4), (3, 4, 2, 2), stride=3)
    case("k2_stride3_op2", (1, 3, 3, 2), (3, 2, 2, 2), stride=3, output_padding=2)
    case("stride_pair", (1, 3, 4, 5), (3, 4, 3, 4), stride=[1, 3], padding=[0, 1])
    case("kernel_1x5", (2, 4, 3, 4), (4, 3, 1, 5), stride=[1, 2], padding=[0, 2], output_padding=[0, 1])
    case("dilation2", (2, 3, 4, 5), (3, 4, 3, 3), dilation=2)
    case(
        "dilation_stride_op",
        (1, 3, 4, 3),
        (3, 5, 3, 2),
        dilation=[2, 3],
        stride=2,
        padding=1,
        output_padding=1,
    )
    case("groups2", (2, 6, 3, 4), (6, 2, 3, 3), groups=2, stride=2, padding=1)
    case("depthwise_bilinear_shape", (1, 5, 4, 3), (5, 1, 4, 4), groups=5, stride=2, padding=1, bias=False)
    case("to_one_channel_k9", (1, 2, 3, 4), (2, 1, 9, 9), padding=4)
    case("batch1_1px_op", (1, 3, 1, 1), (3, 2, 3, 3), stride=2, padding=1, output_padding=1)
    case("padding_removes_all_but_1px", (1, 2, 3, 3), (2, 3, 3, 3), padding=2)
    case("many_channels", (1, 33, 2, 3), (33, 17, 2, 2), stride=2, bias=False)


def products(suite):
    suite.case("linear", "with_bias", [normal(3, 7), normal(5, 7), normal(5)])
    suite.case("linear", "no_bias", [normal(3, 7), normal(5, 7)])
    suite.case("linear", "one_sample_one_output", [normal(1, 13), normal(1, 13), normal(1)])
    suite.case("linear", "one_feature", [normal(5, 1), normal(3, 1), normal(3)])
    suite.case("linear", "extra_leading_axes", [normal(2, 3, 5), normal(4, 5), normal(4)])
    suite.case("linear", "wide", [normal(2, 67), normal(31, 67), normal(31)])

    suite.case("matmul", "matrices", [normal(5, 7), normal(7, 3)])
    suite.case("matmul", "one_by_one", [normal(1, 1), normal(1, 1)])
    suite.case("matmul", "outer_product", [normal(11, 1), normal(1, 13)])
    suite.case("matmul", "inner_product", [normal(1, 17), normal(17, 1)])
    suite.case("matmul", "batched", [normal(3, 5, 2), normal(3, 2, 7)])
    suite.case("matmul", "broadcast_right", [normal(3, 5, 2), normal(2, 7)])
    suite.case("matmul", "broadcast_left", [normal(5, 2), normal(3, 2, 7)])
    suite.case("matmul", "broadcast_both", [normal(2, 1, 3, 5), normal(1, 3, 5, 4)])
    suite.case("matmul", "tall", [normal(65, 3), normal(3, 2)])
    suite.case("matmul", "long_sum", [normal(2, 129), normal(129, 3)])


def add(suite):
    conv2d(suite)
    conv_transpose2d(suite)
    products(suite)
