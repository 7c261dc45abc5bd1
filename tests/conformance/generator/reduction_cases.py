from harness import coarse, fixed, normal

AXES = {
    "last": ((3, 7), dict(dims=[1])),
    "first": ((7, 3), dict(dims=[0])),
    "all": ((2, 3, 5), dict(dims=[0, 1, 2])),
    "keepdim": ((2, 3, 4, 5), dict(dims=[2, 3], keepdim=True)),
    "outer_and_inner": ((3, 4, 5), dict(dims=[0, 2])),
    "negative": ((2, 5, 3), dict(dims=[-2], keepdim=True)),
    "size_one": ((3, 1, 4), dict(dims=[1])),
    "long": ((2, 131), dict(dims=[1])),
}


def add(suite):
    for op in ("sum", "mean", "max", "logsumexp", "norm"):
        for name, (shape, attrs) in AXES.items():
            if op == "mean" or op == "sum":
                # Away from zero: a sum that cancels has no relative error to speak of.
                suite.case(op, name, [normal(*shape, mean=1.0)], **attrs)
            else:
                suite.case(op, name, [normal(*shape)], **attrs)
    suite.case("max", "ties", [coarse(4, 9)], dims=[1])
    suite.case("max", "ties_over_image", [coarse(2, 3, 3, 5)], dims=[2, 3], keepdim=True)
    suite.case("max", "all_equal", [fixed([[0.5, 0.5, 0.5], [-1.0, -1.0, -1.0]])], dims=[1])
    suite.case(
        "logsumexp", "large_values", [fixed([[1000.0, 1001.0, 999.5], [-1000.0, -1000.5, -1002.0]])], dims=[1]
    )
    suite.case(
        "norm", "large_and_small", [lambda r: r.standard_normal((3, 5)) * [[100.0], [1.0], [0.01]]], dims=[1]
    )

    for op in ("softmax", "log_softmax"):
        suite.case(op, "last", [normal(3, 7)], dim=-1)
        suite.case(op, "first", [normal(5, 3)], dim=0)
        suite.case(op, "middle", [normal(2, 5, 3)], dim=1)
        suite.case(op, "one_class", [normal(3, 1)], dim=1)
        suite.case(
            op,
            "large_values",
            [fixed([[1000.0, 1001.0, 999.5, 998.0], [-1000.0, -1000.5, -1002.0, -999.0]])],
            dim=1,
        )
        suite.case(op, "long", [normal(2, 67)], dim=1)
