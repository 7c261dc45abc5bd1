from harness import fixed, integers, normal


def add(suite):
    suite.case("embedding", "vector", [normal(7, 5), integers(7, 4)])
    suite.case("embedding", "matrix_of_ids", [normal(5, 3), integers(5, 2, 4)])
    suite.case("embedding", "repeated_ids", [normal(4, 3), fixed([2, 2, 0, 2, 0])])
    suite.case("embedding", "one_row", [normal(1, 6), fixed([0, 0, 0])])

    suite.case("concat", "channels", [normal(2, 3, 4, 5), normal(2, 1, 4, 5)], dim=1)
    suite.case("concat", "samples", [normal(2, 3), normal(5, 3), normal(1, 3)], dim=0)
    suite.case("concat", "last", [normal(2, 3, 4), normal(2, 3, 1), normal(2, 3, 2)], dim=-1)
    suite.case("concat", "one_input", [normal(3, 4)], dim=1)
    suite.case("concat", "five", [normal(2, n + 1, 2) for n in range(5)], dim=1)

    suite.case("slice", "first_axis", [normal(5, 3)], dim=0, start=1, end=4)
    suite.case("slice", "channels", [normal(2, 7, 3, 4)], dim=1, start=2, end=5)
    suite.case("slice", "last_axis", [normal(3, 2, 9)], dim=2, start=8, end=9)
    suite.case("slice", "negative", [normal(3, 8)], dim=-1, start=-5, end=-1)
    suite.case("slice", "end_beyond", [normal(3, 5)], dim=1, start=2, end=100)
    suite.case("slice", "everything", [normal(2, 3)], dim=1, start=0, end=3)

    suite.case("reshape", "flatten", [normal(2, 3, 4)], shape=[2, 12])
    suite.case("reshape", "inferred", [normal(2, 3, 4)], shape=[4, -1])
    suite.case("reshape", "to_scalar", [normal(1, 1, 1)], shape=[])
    suite.case("reshape", "to_image", [normal(2, 30)], shape=[2, 5, 2, 3])

    suite.case("permute", "transpose", [normal(3, 7)], dims=[1, 0])
    suite.case("permute", "nchw_to_nhwc", [normal(2, 3, 4, 5)], dims=[0, 2, 3, 1])
    suite.case("permute", "cycle", [normal(2, 3, 5)], dims=[2, 0, 1])
    suite.case("permute", "identity", [normal(2, 3, 2)], dims=[0, 1, 2])
    suite.case("permute", "five_axes", [normal(2, 1, 3, 2, 2)], dims=[4, 2, 0, 3, 1])

    suite.case("broadcast_to", "row", [normal(5)], shape=[3, 5])
    suite.case("broadcast_to", "column", [normal(3, 1)], shape=[3, 7])
    suite.case("broadcast_to", "scalar", [normal()], shape=[2, 3, 2])
    suite.case("broadcast_to", "planes", [normal(2, 3, 1, 1)], shape=[2, 3, 4, 5])
    suite.case("broadcast_to", "inner_and_outer", [normal(1, 4, 1)], shape=[2, 3, 4, 5])
    suite.case("broadcast_to", "same", [normal(2, 3)], shape=[2, 3])
