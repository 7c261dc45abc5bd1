"""Self-attention, gradient penalties through small critics, optimisers."""

from harness import fixed, normal, uniform


def self_attention(suite):
    def case(name, n, c, h, w, gamma=None):
        # Queries and keys of size one: sharper attention would amplify the roundings of bfloat16.
        weights = [
            normal(c // 8, c, 1, 1, std=c**-0.5),
            normal(c // 8, c, 1, 1, std=c**-0.5),
            normal(c // 2, c, 1, 1, std=c**-0.5),
            normal(c, c // 2, 1, 1, std=c**-0.5),
        ]
        suite.case("self_attention", name, [normal(n, c, h, w)] + weights + [gamma or uniform(0.5, 1.0, 1)])

    case("c8", 2, 8, 3, 4)
    case("c16", 1, 16, 4, 3)
    case("c8_odd", 3, 8, 5, 1)
    case("one_pixel", 2, 8, 1, 1)
    case("zero_gamma", 2, 8, 2, 3, gamma=fixed([0.0]))
    case("c24_on_5x5", 1, 24, 5, 5)


def gradient_penalty(suite):
    def conv(k, c, size, bias=True, **attrs):
        weights = [normal(k, c, size, size, std=0.5)] + ([normal(k)] if bias else [])
        return {"type": "conv", "bias": bias} | attrs, weights

    def linear(out, features, bias=True):
        return {"type": "linear", "bias": bias}, [normal(out, features, std=0.5)] + (
            [normal(out)] if bias else []
        )

    def affine_layer_norm(*shape, **attrs):
        return {"type": "layer_norm", "affine": True} | attrs, [
            normal(*shape, mean=1.0, std=0.3),
            normal(*shape),
        ]

    def plain(kind, **attrs):
        return {"type": kind} | attrs, []

    def case(name, x, layers, **attrs):
        parameters = [p for _, weights in layers for p in weights]
        suite.case(
            "gradient_penalty",
            name,
            [normal(*x)] + parameters,
            layers=[layer for layer, _ in layers],
            **attrs
        )

    flat, leaky, tanh = plain("flatten"), plain("leaky_relu", slope=0.2), plain("tanh")
    # A linear critic has a closed form: (|w| - 1)^2.
    case("linear_critic", (3, 2, 3, 3), [flat, linear(1, 18)], target=1.0, per="sample")
    case(
        "mlp_leaky_relu",
        (4, 1, 2, 3),
        [flat, linear(7, 6), leaky, linear(5, 7), leaky, linear(1, 5)],
        target=1.0,
        per="sample",
    )
    case(
        "mlp_tanh",
        (3, 1, 2, 3),
        [flat, linear(7, 6), tanh, linear(1, 7, bias=False)],
        target=1.0,
        per="sample",
    )
    case(
        "dcgan_critic",
        (2, 3, 8, 8),
        [
            conv(4, 3, 4, stride=2, padding=1),
            leaky,
            conv(5, 4, 4, stride=2, padding=1),
            leaky,
            flat,
            linear(1, 20),
        ],
        target=1.0,
        per="sample",
    )
    case(
        "odd_strides",
        (2, 2, 7, 9),
        [
            conv(3, 2, 3, stride=2, padding=0),
            leaky,
            conv(4, 3, 2, stride=1, padding=1),
            plain("leaky_relu"),
            flat,
            linear(1, 80),
        ],
        target=1.0,
        per="sample",
    )
    case(
        "one_sample",
        (1, 1, 4, 4),
        [conv(3, 1, 3, padding=1), leaky, flat, linear(1, 48)],
        target=1.0,
        per="sample",
    )
    case(
        "conv_tanh",
        (2, 2, 5, 4),
        [conv(3, 2, 3, stride=1, padding=1), tanh, conv(1, 3, 3, bias=False, padding=1)],
        target=1.0,
        per="sample",
    )
    case(
        "layer_norm",
        (2, 2, 6, 5),
        [
            conv(4, 2, 3, stride=2, padding=1, bias=False),
            affine_layer_norm(4, 3, 3, eps=1e-5),
            leaky,
            flat,
            linear(1, 36),
        ],
        target=1.0,
        per="sample",
    )
    case(
        "layer_norm_plain_tanh",
        (2, 1, 4, 5),
        [conv(3, 1, 3, padding=1), plain("layer_norm", affine=False, eps=1e-3), tanh, flat, linear(1, 60)],
        target=1.0,
        per="sample",
    )
    case(
        "instance_norm",
        (2, 2, 5, 5),
        [
            conv(3, 2, 3, bias=False, padding=1),
            plain("instance_norm", eps=1e-5),
            leaky,
            conv(1, 3, 3, padding=1),
        ],
        target=1.0,
        per="sample",
    )
    case(
        "r1_target_zero",
        (3, 2, 4, 4),
        [conv(4, 2, 3, stride=2, padding=1), leaky, flat, linear(1, 16)],
        target=0.0,
        per="sample",
    )
    case(
        "pixel",
        (1, 3, 7, 6),
        [conv(4, 3, 3), leaky, conv(3, 4, 3), leaky, conv(1, 3, 1)],
        target=1.0,
        per="pixel",
    )
    case(
        "pixel_padded_batch",
        (2, 3, 5, 4),
        [conv(4, 3, 3, padding=1), leaky, conv(1, 4, 3, padding=1)],
        target=1.0,
        per="pixel",
    )
    case(
        "pixel_instance_norm",
        (1, 3, 6, 6),
        [
            conv(4, 3, 3, bias=False, padding=1),
            plain("instance_norm", eps=1e-3),
            tanh,
            conv(1, 4, 3, padding=1),
        ],
        target=0.5,
        per="pixel",
    )


def optimisers(suite):
    def case(op, name, shape, steps, **attrs):
        suite.case(op, name, [normal(*shape)] + [normal(*shape) for _ in range(steps)], **attrs)

    case("adam", "one_step", (3, 5), 1, lr=1e-3)
    case("adam", "defaults_five_steps", (7,), 5)
    case("adam", "gan", (2, 3, 4), 3, lr=2e-4, beta1=0.5, beta2=0.999, eps=1e-8)
    case("adam", "wgan_gp", (13,), 4, lr=1e-4, beta1=0.0, beta2=0.9)
    case("adam", "weight_decay", (5, 3), 4, lr=0.01, weight_decay=0.1)
    case("adam", "large_eps", (11,), 3, lr=0.1, eps=0.1)
    suite.case("adam", "zero_gradient", [normal(5), fixed([0.0] * 5), normal(5)], lr=0.01)
    case("rmsprop", "defaults", (5, 3), 3)
    case("rmsprop", "wgan", (17,), 4, lr=5e-5, alpha=0.99, eps=1e-8)
    case("rmsprop", "momentum_and_decay", (7,), 4, lr=0.01, alpha=0.9, momentum=0.5, weight_decay=0.05)
    case("sgd", "plain", (5, 3), 3, lr=0.1)
    case("sgd", "momentum", (7,), 4, lr=0.1, momentum=0.9)
    case("sgd", "momentum_and_decay", (2, 2, 3), 3, lr=0.05, momentum=0.5, weight_decay=0.1)


def add(suite):
    self_attention(suite)
    gradient_penalty(suite)
    optimisers(suite)
