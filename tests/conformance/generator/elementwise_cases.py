from harness import away, coarse, fixed, normal, uniform

# name -> a wide range in which the function is smooth and its values stay in float32
SMOOTH = {"gelu": 6, "silu": 8, "softplus": 8, "sigmoid": 8, "tanh": 5, "exp": 5, "square": 4}
KINKED = ["relu", "leaky_relu", "elu", "selu", "abs"]


def unary(suite):
    for op, width in SMOOTH.items():
        suite.case(op, "image", [normal(2, 3, 4, 5)])
        suite.case(op, "wide", [uniform(-width, width, 37)])
    for op in KINKED:
        suite.case(op, "image", [away(2, 3, 4, 5)])
        suite.case(op, "vector", [away(41, margin=0.2)])
    for op in ("log", "sqrt"):
        suite.case(op, "image", [uniform(0.1, 3.0, 2, 3, 4, 5)])
        suite.case(op, "wide", [lambda r: 10.0 ** r.uniform(-1, 3, (31,))])
    extremes = fixed([-30.0, -12.0, -1.0, 0.5, 2.0, 15.0, 40.0])
    for op in ("gelu", "silu", "softplus", "sigmoid", "tanh"):
        suite.case(op, "extremes", [extremes])
    # The subgradients that PyTorch takes at the kink.
    for op in ("relu", "leaky_relu", "abs"):
        suite.case(op, "at_zero", [coarse(3, 11)])
    suite.case("leaky_relu", "slope", [away(3, 7)], slope=0.2)
    suite.case("leaky_relu", "slope_zero", [away(3, 7)], slope=0.0)
    suite.case("leaky_relu", "one_value", [away(1)], slope=0.3)
    suite.case("elu", "alpha", [away(5, 7)], alpha=0.3)
    suite.case("elu", "deep", [fixed([-60.0, -20.0, -3.0, -0.5, 0.5, 4.0])], alpha=1.5)
    suite.case("selu", "deep", [fixed([-60.0, -20.0, -3.0, -0.5, 0.5, 4.0])])
    suite.case("softplus", "beta", [normal(5, 7)], beta=2.5)
    suite.case("exp", "scalar", [normal()])
    suite.case("square", "scalar", [normal()])
    suite.case("prelu", "a_channel", [away(2, 5, 3, 4), normal(5)])
    suite.case("prelu", "shared", [away(2, 5, 3, 4), normal(1)])
    suite.case("prelu", "one_channel", [away(3, 1, 2, 2), normal(1)])
    suite.case("prelu", "matrix", [away(4, 7), normal(7)])


# name -> shapes of a and b
SHAPES = {
    "same": ((2, 3, 4, 5), (2, 3, 4, 5)),
    "scalar": ((3, 5), ()),
    "scalar_left": ((), (7,)),
    "bias": ((2, 3, 4, 5), (5,)),
    "channels": ((2, 3, 4, 5), (3, 1, 1)),
    "samples": ((3, 2, 2, 3), (3, 1, 1, 1)),
    "both_ways": ((3, 1, 5), (1, 4, 1)),
    "rank_grows": ((4,), (3, 2, 1)),
}


def binary(suite):
    for op in ("add", "sub", "mul"):
        for name, (a, b) in SHAPES.items():
            suite.case(op, name, [normal(*a), normal(*b)])
    for name in ("same", "scalar", "scalar_left", "channels", "both_ways", "rank_grows"):
        a, b = SHAPES[name]
        suite.case("div", name, [normal(*a), away(*b, margin=0.7)])
        suite.case("pow", name, [uniform(0.3, 2.0, *a), normal(*b)])
    for op in ("maximum", "minimum"):
        for name in ("same", "scalar", "samples", "both_ways"):
            a, b = SHAPES[name]
            suite.case(op, name, [normal(*a), normal(*b)])
        suite.case(op, "ties", [coarse(5, 7), coarse(5, 7)])
        suite.case(op, "ties_broadcast", [coarse(3, 4, 5), coarse(4, 1)])
    suite.case("mul", "zeros", [coarse(4, 7), coarse(4, 7)])
    suite.case("pow", "small_base", [uniform(0.01, 0.1, 7), uniform(1.5, 3.0, 7)])


def add(suite):
    unary(suite)
    binary(suite)
