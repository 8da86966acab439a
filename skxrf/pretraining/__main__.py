"""``python -m skxrf.pretraining`` is ``python -m skxrf.pretrained.training``."""

from skxrf.pretrained.training.__main__ import main

if __name__ == "__main__":
    main()
