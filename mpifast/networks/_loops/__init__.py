"""The compiled loops of networks: memory layout, training of one and of several layers, prediction, whitening."""
