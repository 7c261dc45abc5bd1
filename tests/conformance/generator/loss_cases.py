from harness import coarse, fixed, integers, normal, uniform


def add(suite):
    for reduction in ("mean", "sum"):
        suite.case("bce_with_logits", reduction, [normal(5, 3), uniform(0.0, 1.0, 5, 3)], reduction=reduction)
        suite.case("mse", reduction, [normal(3, 4, 2), normal(3, 4, 2)], reduction=reduction)
        suite.case("l1", reduction, [normal(3, 4, 2), normal(3, 4, 2)], reduction=reduction)
        suite.case("huber", reduction, [normal(5, 7, std=2.0), normal(5, 7)], reduction=reduction)
        suite.case("cross_entropy", reduction, [normal(5, 7), integers(7, 5)], reduction=reduction)
        suite.case("kl_standard_normal", reduction, [normal(4, 5), normal(4, 5)], reduction=reduction)
    suite.case("bce_with_logits", "hard_labels", [normal(7, 1, std=3.0), coarse(7, 1, values=(0.0, 1.0))])
    suite.case(
        "bce_with_logits",
        "extreme_logits",
        [fixed([-90.0, -20.0, -1.0, 2.0, 25.0, 90.0]), fixed([1.0, 0.0, 0.25, 1.0, 0.9, 0.0])],
    )
    suite.case("bce_with_logits", "one_map", [normal(2, 1, 3, 5), fixed([[[[1.0] * 5] * 3]] * 2)])
    suite.case("mse", "one_value", [normal(1), normal(1)])
    suite.case("mse", "image", [normal(2, 3, 4, 5), normal(2, 3, 4, 5)])
    suite.case("l1", "image", [normal(2, 3, 4, 5), normal(2, 3, 4, 5)])
    suite.case("l1", "some_equal", [coarse(4, 7), coarse(4, 7)], reduction="sum")
    suite.case("huber", "delta", [normal(4, 7), normal(4, 7)], delta=0.3)
    suite.case("huber", "all_linear", [normal(9, mean=8.0), normal(9)], delta=0.5, reduction="sum")
    suite.case("cross_entropy", "one_sample", [normal(1, 3), fixed([2])])
    suite.case(
        "cross_entropy",
        "large_logits",
        [fixed([[1000.0, 1001.0, 998.0], [-1000.0, -1002.0, -1001.0]]), fixed([0, 2])],
    )
    suite.case("cross_entropy", "many_classes", [normal(3, 53), integers(53, 3)], reduction="sum")
    suite.case("kl_standard_normal", "one_value", [normal(1, 1), normal(1, 1)])
    suite.case(
        "kl_standard_normal", "wide_variances", [normal(3, 5), uniform(-6.0, 3.0, 3, 5)], reduction="sum"
    )

    suite.case("hinge_d", "column", [normal(7, 1), normal(7, 1)])
    suite.case("hinge_d", "different_batches", [normal(3, 1), normal(5, 1)])
    suite.case("hinge_d", "maps", [normal(2, 1, 3, 4), normal(2, 1, 3, 4)])
    suite.case("hinge_d", "all_satisfied_but_one", [fixed([2.0, 3.0, 0.25]), fixed([-1.5, -4.0, -2.0])])
    suite.case("hinge_g", "column", [normal(7, 1, mean=1.0)])
    suite.case("hinge_g", "map", [normal(2, 1, 3, 4, mean=1.0)])

    suite.case("gram_matrix", "plain", [normal(2, 5, 3, 4)])
    suite.case("gram_matrix", "one_channel", [normal(2, 1, 3, 3)])
    suite.case("gram_matrix", "one_pixel", [normal(2, 7, 1, 1)])
    suite.case("gram_matrix", "one_sample", [normal(1, 11, 5, 3)])
    suite.case("total_variation", "plain", [normal(2, 3, 4, 5)])
    suite.case("total_variation", "one_row", [normal(2, 3, 1, 7)])
    suite.case("total_variation", "one_column", [normal(1, 2, 6, 1)])
    suite.case("total_variation", "flat_areas", [coarse(2, 2, 4, 5)])
