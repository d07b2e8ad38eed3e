"""skorch on the torchvision dataset. Source: https://skorch.readthedocs.io."""

from skorch_net import fit
from work import arguments, datasets

if __name__ == "__main__":
    args = arguments()
    training, test = datasets(args.data)
    fit(args.epochs, training, None, test)
