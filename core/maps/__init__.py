"""Maps of features: PCA and t-SNE of what a layer makes of the images. `request` says which map,
`store` keeps it with the run, `embedding` computes it, and `job` does both. Only the last two load
Keras.
"""
