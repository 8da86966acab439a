"""The order of the gallery: from the first map to the parts that few need."""

__all__ = ["ORDER", "GalleryOrder"]

# A script that is not listed comes last.
ORDER = [
    "plot_first_map.py",
    "plot_shipped_model.py",
    "plot_report.py",
    "plot_template_fit.py",
    "plot_own_painting.py",
    "plot_denoising.py",
    "plot_accuracy.py",
    "plot_audit.py",
    "plot_cross_validation.py",
    "plot_architectures.py",
    "plot_classical_regressors.py",
    "plot_pymca.py",
    "plot_saved_models.py",
    "plot_large_files.py",
    "plot_simulator.py",
    "plot_recipe_rgb.py",
    "plot_recipe_region.py",
    "plot_recipe_correlation.py",
    "plot_recipe_ratio.py",
    "plot_recipe_clusters.py",
    "plot_recipe_add_element.py",
    "plot_recipe_dead_time.py",
    "plot_recipe_registration.py",
    "plot_recipe_photograph.py",
    "plot_recipe_stitching.py",
    "plot_recipe_odd_rows.py",
    "plot_recipe_batch.py",
]


class GalleryOrder:
    """Sort key of sphinx-gallery: the place of a script in `ORDER`, then its name."""

    def __init__(self, src_dir):
        self.src_dir = src_dir

    def __call__(self, filename):
        """Place and name of a script."""
        place = ORDER.index(filename) if filename in ORDER else len(ORDER)
        return place, str(filename)

    def __repr__(self):
        """Constant name, so that pages are not built again."""
        return "<GalleryOrder>"
