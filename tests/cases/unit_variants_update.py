"""The same with D's last layers shared, instance norms next to the pictures and least squares: writes unit_variants_update.safetensors."""

from unit_update import main, train

if __name__ == "__main__":
    main(__file__, lambda dtype: train(dtype, True))
