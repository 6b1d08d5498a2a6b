"""The trained encoders of a model as a torch module."""

from lmi.embedding.network import LEAK


def module(weights):
    """Return encoders as a `torch.nn.ModuleDict`, or None where no network won.

    Parameters
    ----------
    weights : tuple
        Of `Embedding`.
    """
    trained = [(t, pair) for t, pair in enumerate(weights) if pair is not None]
    if not trained:
        return None
    import torch

    def layers(arrays, last_linear):
        parts = []
        for i in range(0, len(arrays), 2):
            linear = torch.nn.Linear(*arrays[i].shape)
            with torch.no_grad():
                linear.weight.copy_(torch.as_tensor(arrays[i].T))
                linear.bias.copy_(torch.as_tensor(arrays[i + 1].reshape(-1)))
            parts.append(linear)
            if not (last_linear and i == len(arrays) - 2):
                parts.append(torch.nn.LeakyReLU(LEAK))
        return torch.nn.Sequential(*parts)

    class Skip(torch.nn.Module):
        """A linear map, plus a network."""

        def __init__(self, arrays):
            super().__init__()
            self.skip = torch.nn.Linear(*arrays[0].shape, bias=False)
            with torch.no_grad():
                self.skip.weight.copy_(torch.as_tensor(arrays[0].T))
            self.layers = layers(arrays[1:], last_linear=True)

        def forward(self, scores):
            return self.skip(scores) + self.layers(scores)

    def encoder(arrays):
        # an odd number: the skip comes first
        return Skip(arrays) if len(arrays) % 2 else layers(arrays, last_linear=False)

    return torch.nn.ModuleDict(
        {
            f"{side}{t}": encoder(arrays)
            for t, pair in trained
            for side, arrays in zip("xy", pair, strict=True)
        }
    ).eval()
