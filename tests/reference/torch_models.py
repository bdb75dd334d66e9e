"""The models of segue in PyTorch, for comparison. Parameter names are those of the projects whose weights segue reads."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision


class Encoder(nn.Module):
    """torchvision's ResNet-50 up to layer4; returns (layer1, layer4)."""

    def __init__(self, output_stride=16):
        super().__init__()
        dilate = {32: (False, False, False), 16: (False, False, True), 8: (False, True, True)}[output_stride]
        net = torchvision.models.resnet50(weights=None, replace_stride_with_dilation=list(dilate))
        for name in ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4"):
            setattr(self, name, getattr(net, name))
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = 0.01

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        low = self.layer1(F.max_pool2d(x, 3, 2, 1))
        return low, self.layer4(self.layer3(self.layer2(low)))


def conv_bn_relu(inputs, outputs, kernel=1, dilation=1):
    pad = dilation if kernel == 3 else 0
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=pad, dilation=dilation, bias=False),
                         nn.BatchNorm2d(outputs), nn.ReLU())


class Pooled(nn.Sequential):
    def __init__(self, inputs, outputs):
        super().__init__(nn.AdaptiveAvgPool2d(1), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
                         nn.ReLU())

    def forward(self, x):
        y = super().forward(x)
        return F.interpolate(y, size=x.shape[-2:], mode="bilinear", align_corners=False)


class Aspp(nn.Module):
    def __init__(self, inputs, rates, dropout):
        super().__init__()
        self.convs = nn.ModuleList([conv_bn_relu(inputs, 256)] +
                                   [conv_bn_relu(inputs, 256, 3, r) for r in rates] + [Pooled(inputs, 256)])
        self.project = nn.Sequential(nn.Conv2d(5 * 256, 256, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU(),
                                     nn.Dropout(dropout))

    def forward(self, x):
        return self.project(torch.cat([f(x) for f in self.convs], 1))


class Head(nn.Module):
    def __init__(self, classes, rates, dropout):
        super().__init__()
        self.project = nn.Sequential(nn.Conv2d(256, 48, 1, bias=False), nn.BatchNorm2d(48), nn.ReLU())
        self.aspp = Aspp(2048, rates, dropout)
        self.classifier = nn.Sequential(nn.Conv2d(304, 256, 3, padding=1, bias=False), nn.BatchNorm2d(256), nn.ReLU(),
                                        nn.Conv2d(256, classes, 1))

    def forward(self, low, high):
        up = F.interpolate(self.aspp(high), size=low.shape[-2:], mode="bilinear", align_corners=False)
        return self.classifier(torch.cat([self.project(low), up], 1))


class DeepLabV3Plus(nn.Module):
    """Chen et al. 2018, arXiv:1802.02611, with the head and the names of VainF's implementation."""

    def __init__(self, classes=19, output_stride=16, dropout=0.1):
        super().__init__()
        self.backbone = Encoder(output_stride)
        rates = (12, 24, 36) if output_stride == 8 else (6, 12, 18)
        self.classifier = Head(classes, rates, dropout)

    def forward(self, x):
        y = self.classifier(*self.backbone(x))
        return F.interpolate(y, size=x.shape[-2:], mode="bilinear", align_corners=False)


def instance_norm(channels):
    return nn.InstanceNorm2d(channels, affine=False, track_running_stats=False)


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), instance_norm(channels), nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), instance_norm(channels))

    def forward(self, x):
        return x + self.conv_block(x)


class ResizeConv(nn.Conv2d):
    """Twice the size, then a convolution: Odena et al. 2016, distill.pub/2016/deconv-checkerboard."""

    def forward(self, x):
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return super().forward(F.pad(x, (1, 1, 1, 1), mode="reflect"))


class Generator(nn.Module):
    """The ResNet generator of CycleGAN, Zhu et al. 2017, arXiv:1703.10593."""

    def __init__(self, filters=64, blocks=9, resize=False):
        super().__init__()
        f = filters
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, f, 7), instance_norm(f), nn.ReLU()]
        for i in (1, 2):
            layers += [nn.Conv2d(f * i, f * i * 2, 3, 2, 1), instance_norm(f * i * 2), nn.ReLU()]
        layers += [ResidualBlock(4 * f) for _ in range(blocks)]
        for i in (4, 2):
            up = (ResizeConv(f * i, f * i // 2, 3) if resize else
                  nn.ConvTranspose2d(f * i, f * i // 2, 3, 2, 1, output_padding=1))
            layers += [up, instance_norm(f * i // 2), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(f, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


class PatchGan(nn.Module):
    """The 70x70 discriminator, Isola et al. 2017, arXiv:1611.07004."""

    def __init__(self, filters=64):
        super().__init__()
        f = filters
        layers = [nn.Conv2d(3, f, 4, 2, 1), nn.LeakyReLU(0.2)]
        for i, stride in ((1, 2), (2, 2), (4, 1)):
            layers += [nn.Conv2d(f * i, f * i * 2, 4, stride, 1), instance_norm(f * i * 2), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(f * 8, 1, 4, 1, 1)]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)
