from shop.initial import Migration  # noqa: F401
