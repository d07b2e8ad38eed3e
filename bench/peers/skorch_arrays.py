"""skorch on float32 arrays, its fastest way. Source: https://skorch.readthedocs.io."""

from skorch.dataset import Dataset
from skorch_net import fit
from work import arguments, arrays

if __name__ == "__main__":
    args = arguments()
    images, labels = arrays(args.data, "train")
    fit(args.epochs, images, labels, Dataset(*arrays(args.data, "t10k")))
