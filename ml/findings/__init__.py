"""What a bake-off says about its data: doubtful labels, near duplicates across parts, slices that fail."""
