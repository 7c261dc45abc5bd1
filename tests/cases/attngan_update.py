"""Four iterations of AttnGAN (Xu et al. 2018) at 8 and 16 px: writes attngan_update.safetensors.

Two of the matching model: a bidirectional LSTM (PyTorch's own, packed) over captions of which three words at most are read, dropout, a network of pictures with 64
regions; scores caption by caption and picture by picture, same classes left out, the text encoder's gradient clipped, rates that fall. Then two of the GAN: F, G and
D of both sizes, words attended to by every place with each caption's own mask, the matching loss of the larger pictures through the frozen networks.
Widths: features 4, D 2 and 4, one residual block.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from gan_int_cls_update import leaky
from label_update import LabelDraws, Net, adam, bce
from reference import Optimiser
from stackgan_pp_update import C, COLOURS, Gated, Judge, LATENT, N, Picture, Root, SIDES, V, W, glu
from update_case import Case, main, pictures

WORDS, GIVEN, READ, UNITS, EMBEDDED, IW, KEEP, CLASSES = 7, 4, 3, 3, 4, 2, 0.5, 3
D = 2 * UNITS
GAMMA1, GAMMA2, GAMMA3, LAMBDA, CLIP, RATE = 4.0, 5.0, 10.0, 5.0, 0.25, 2e-3


class Captions(Net):
    def __init__(self, *args):
        super().__init__("text", *args)
        self.parameter("words.weight", self.random.normal(0, 0.7, (WORDS, EMBEDDED)))
        self.linear("input", EMBEDDED, 8 * UNITS)
        self.parameter("state.weight", self.random.normal(0, 0.6, (2, 4 * UNITS, UNITS)))
        self.lstm = nn.LSTM(EMBEDDED, UNITS, batch_first=True, bidirectional=True, dtype=self.dtype)

    def read(self, words):
        """At most READ of each caption's words, by lot, in order."""
        lots = self.draws.uniform(N, GIVEN)
        captions = []
        for caption, lot in zip(words.tolist(), lots.tolist()):
            there = [i for i, word in enumerate(caption) if word]
            chosen = sorted(sorted(there, key=lambda i: -lot[i])[:READ])
            captions.append([caption[i] for i in chosen])
        return captions

    def __call__(self, words, training):
        captions = self.read(words)
        lengths = [len(c) for c in captions]
        padded = torch.tensor([c + [0] * (READ - len(c)) for c in captions])
        x = self.parameters["words.weight"][padded]
        if training:
            x = x * self.draws.bernoulli(x.shape, KEEP, 1 / KEEP)
        w, b = self.of("input")
        half = 4 * UNITS
        given = {}
        for k, end in enumerate(("l0", "l0_reverse")):
            given |= {f"weight_ih_{end}": w[k * half : (k + 1) * half], f"bias_ih_{end}": b[k * half : (k + 1) * half],
                      f"weight_hh_{end}": self.parameters["state.weight"][k], f"bias_hh_{end}": torch.zeros(half, dtype=self.dtype)}
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, (last, _) = torch.func.functional_call(self.lstm, given, (packed,))
        out, _ = nn.utils.rnn.pad_packed_sequence(out, batch_first=True, total_length=READ)
        return torch.cat([last[0], last[1]], 1), out, lengths


class Regions(Net):
    def __init__(self, *args):
        super().__init__("image", *args)
        self.conv("trunk.conv1", COLOURS, IW, 4, False)
        self.norm("trunk.norm1", self.random, IW)
        self.conv("trunk.conv2", IW, IW, 3, False)
        self.norm("trunk.norm2", self.random, IW)
        self.conv("local", IW, D, 1, False)
        self.conv("whole.conv1", IW, 2 * IW, 4, False)
        self.norm("whole.norm1", self.random, 2 * IW)
        self.linear("whole.linear1", 2 * IW, D)

    def seen(self, name, h, training):
        if training:
            return leaky(self.normalise(name, h, True, 1e-5))
        kept = [self.statistics[f"{name}.running_{kind}"] for kind in ("mean", "var")]
        return leaky(F.batch_norm(h, *kept, *self.of(name), False, 0.1, 1e-5))

    def __call__(self, x, training):
        h = self.seen("trunk.norm1", F.conv2d(x, self.of("trunk.conv1")[0], stride=2, padding=1), training)
        h = self.seen("trunk.norm2", F.conv2d(h, self.of("trunk.conv2")[0], padding=1), training)
        regions = F.conv2d(h, self.of("local")[0]).flatten(2)
        h = self.seen("whole.norm1", F.conv2d(h, self.of("whole.conv1")[0], stride=2, padding=1), training)
        return F.linear(h.mean((2, 3)), *self.of("whole.linear1")), regions


def by_words(regions, words, lengths):
    """[pictures, captions], one pair after the other."""
    table = []
    for v in regions:
        line = []
        for e, length in zip(words, lengths):
            e = e[:length].T
            over_words = torch.softmax(e.T @ v, 0)
            alpha = torch.softmax(GAMMA1 * over_words, 1)
            c = v @ alpha.T
            line.append(torch.log(torch.exp(GAMMA2 * F.cosine_similarity(c, e, 0)).sum()))
        table.append(torch.stack(line))
    return torch.stack(table)


def by_sentence(whole, sentence):
    return torch.stack([F.cosine_similarity(v[None], sentence) for v in whole])


def both_ways(scores, label):
    rivals = (label[:, None] == label[None, :]) & ~torch.eye(N, dtype=torch.bool)
    logits = (GAMMA3 * scores).masked_fill(rivals, float("-inf"))
    own = torch.arange(N)
    return F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)


class Clipped(Optimiser):
    def step(self, gradients):
        length = torch.sqrt(sum((g**2).sum() for g in gradients.values())).item()
        return super().step({n: g * min(1.0, CLIP / (length + 1e-6)) for n, g in gradients.items()})


class Conditioning(Net):
    def __init__(self, *args):
        super().__init__("C", *args)
        self.linear("linear1", D, 4 * C)

    def __call__(self, s):
        return glu(F.linear(s, *self.of("linear1"))).chunk(2, 1)


class Step(Gated):
    def __init__(self, *args):
        super().__init__("F16", *args)
        self.linear("attention1", D, W, False)
        for i, o in ((1, 4 * W), (2, 2 * W)):
            self.conv(f"block1.main.conv{i}", 2 * W, o, 3, False)
            self.norm(f"block1.main.norm{i}", self.random, o)
        self.conv("conv1", 2 * W, 2 * W, 3, False)
        self.norm("norm1", self.random, 2 * W)

    def __call__(self, h, words, lengths):
        seen = []
        for picture, e, length in zip(h.flatten(2), words, lengths):
            e = self.of("attention1")[0] @ e[:length].T
            beta = torch.softmax(picture.T @ e, 1)
            seen.append((e @ beta.T).reshape(W, *h.shape[2:]))
        h = torch.cat([h, torch.stack(seen)], 1)
        inner = glu(self.normalise("block1.main.norm1", F.conv2d(h, self.of("block1.main.conv1")[0], padding=1), True, 1e-5))
        h = h + self.normalise("block1.main.norm2", F.conv2d(inner, self.of("block1.main.conv2")[0], padding=1), True, 1e-5)
        return self.gate(1, h, True)


def train(dtype):
    random = np.random.RandomState(SEED)
    draws = LabelDraws(random, dtype)
    args = (dtype, random, draws)
    text, image, conditioning = Captions(*args), Regions(*args), Conditioning(*args)
    root, step = Root(LATENT + C, *args, name="F8"), Step(*args)
    paint = [Picture(side, W, *args) for side in SIDES]
    judges = [Judge(side, True, *args, condition=D) for side in SIDES]
    moving = [conditioning, root, paint[0], step, paint[1]]
    by = {n.name: Optimiser(n, adam(2e-4)) for n in moving + judges}
    by_text, by_image = Clipped(text, adam(RATE)), Optimiser(image, adam(RATE))
    settings = (f"branches=2 width={W} d_width={V} latent={LATENT} projected={C} blocks=1 rate=2e-4 words={READ} text_units={UNITS} text_width={EMBEDDED} "
                f"image_width={IW} text_steps=2 wrong=class")
    case = Case("attngan", settings, steps=4, integers="tokens label", words=WORDS, classes=CLASSES)
    everything = [text, image] + moving + judges
    case.start(*everything)
    for iteration in range(4):
        x = pictures(random, N, 16, COLOURS).to(dtype)
        words = torch.tensor([[1, 2, 0, 0], [3, 4, 5, 6], [6, 1, 5, 0], [2, 2, 6, 3]]).roll(iteration, 0)
        label = torch.tensor([0, 1, 1, 2]).roll(iteration, 0)
        case.batch(image=x, tokens=words, label=label)
        if iteration < 2:
            for o in (by_text, by_image):
                o.rule.param_groups[0]["lr"] = RATE * 0.98**iteration
            sentence, e, lengths = text(words, True)
            whole, regions = image(x, True)
            parts = {"words": both_ways(by_words(regions, e, lengths), label), "sentence": both_ways(by_sentence(whole, sentence), label)}
            for name, value in parts.items():
                case.loss(f"damsm/{name}", value)
            loss = sum(parts.values())
            case.move("damsm", [(text, by_text, loss), (image, by_image, loss)])
            case.finish_iteration(draws, *everything)
            continue
        sentence, e, lengths = text(words, False)
        sentence, e = sentence.detach(), e.detach()
        z = draws.normal(N, LATENT)
        mu, logvar = conditioning(sentence)
        c = mu + (logvar / 2).exp() * draws.normal(N, C)
        h = root(torch.cat([c, z], 1))
        fakes = [paint[0](h), paint[1](step(h, e, lengths))]
        misfit = (label != label.roll(1)).to(dtype)[:, None]
        for d, fake, real in zip(judges, fakes, (F.avg_pool2d(x, 2), x)):
            on_real, on_fake = d(real, sentence, True), d(fake.detach(), sentence, True)
            on_wrong = d(real.roll(1, 0), sentence, True)[0]
            wrong = (F.binary_cross_entropy_with_logits(on_wrong, torch.zeros_like(on_wrong), reduction="none") * misfit).sum() / misfit.sum()
            parts = {"real": sum(bce(s, 1.0) for s in on_real) / 2, "fake": sum(bce(s, 0.0) for s in on_fake) / 3, "wrong": wrong / 3}
            for name, value in parts.items():
                case.loss(f"{d.name}/{name}", value)
            case.move(d.name, [(d, by[d.name], sum(parts.values()))])
        parts = {f"adv{side}": sum(bce(s, 1.0) for s in d(fake, sentence, False)) for d, fake, side in zip(judges, fakes, SIDES)}
        whole, regions = image(fakes[1], False)
        parts["damsm"] = LAMBDA * (both_ways(by_words(regions, e, lengths), label) + both_ways(by_sentence(whole, sentence), label))
        parts["kl"] = -0.5 * (1 + logvar - mu**2 - logvar.exp()).mean()
        for name, value in parts.items():
            case.loss(f"G/{name}", value)
        loss = sum(parts.values())
        case.move("G", [(n, by[n.name], loss) for n in moving])
        case.finish_iteration(draws, *everything)
    return case


# Chosen so that no unit lies near the kink of its leaky relu, where float32 might take the other side.
SEED = 1

if __name__ == "__main__":
    main(__file__, train)
