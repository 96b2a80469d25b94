"""Pictures of a run, from its folder alone: one file a picture, `style` and `scales` for all."""
