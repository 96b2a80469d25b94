"""Windows of series: the past that a forecast is made of, and what is known of the steps ahead."""
