"""Prices that aita does not know, and how a person tells them."""


def tell_price(model: str) -> str:
    """Return how a person tells a stack the price of a model that aita does not know."""
    return (
        f"tell it to the stack, sam deploy --parameter-overrides ModelPrices={model}=INPUT/OUTPUT with the provider's "
        "prices in USD per million tokens, such as 0.10/0.50; on the laptop in a file that AITA_PRICES names"
    )
