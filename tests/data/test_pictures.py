"""One picture: every kind of file gives the pixels that Pillow shows."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from goingdeep.data.pictures import (
    as_uint8,
    decode_picture,
    list_pictures,
    read_header,
    read_picture,
)
from goingdeep.errors import DataNotFoundError, ImageError, ShapeError


def colours(pixels, mode="RGB"):
    return Image.fromarray(pixels(6, 10, 3)).convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "YCbCr"])
def test_colours_are_what_pillow_converts(pixels, tmp_path, mode):
    path = tmp_path / "x.tif"
    colours(pixels, mode).save(path)
    with Image.open(path) as image:
        expected = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    assert np.array_equal(read_picture(path, (3, 6, 10)), expected)


def test_a_palette_is_looked_up(pixels, tmp_path):
    path = tmp_path / "x.gif"
    colours(pixels).quantize(16).save(path)
    with Image.open(path) as image:
        expected = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    assert np.array_equal(read_picture(path, (3, 6, 10)), expected)
    assert not read_header(path).grey


def test_a_palette_of_greys_is_grey(pixels, tmp_path):
    image = Image.fromarray(pixels(6, 10)).quantize(8)
    image.save(tmp_path / "x.png")
    assert read_header(tmp_path / "x.png").grey


def test_sixteen_bits_become_the_higher_eight(pixels, tmp_path):
    eight = pixels(6, 10)
    Image.fromarray(eight.astype(np.uint16) * 257).save(tmp_path / "x.png")
    assert np.array_equal(read_picture(tmp_path / "x.png", (1, 6, 10))[0], eight)
    assert read_header(tmp_path / "x.png").deep


def test_black_and_white_is_0_and_255(pixels, tmp_path):
    mask = pixels(6, 10) > 99
    Image.fromarray(mask).save(tmp_path / "x.png")
    assert np.array_equal(read_picture(tmp_path / "x.png", (1, 6, 10))[0], mask * np.uint8(255))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_laid_on_white(pixels, tmp_path, mode):
    image = Image.fromarray(pixels(6, 10, 4), "RGBA") if mode == "RGBA" else None
    if image is None:
        image = Image.fromarray(pixels(6, 10)).convert("LA")
        image.putalpha(Image.fromarray(pixels(10, 6).T.copy()))
    image.save(tmp_path / "x.png")
    white = Image.new("RGBA", image.size, "white")
    expected = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    array, transparent = decode_picture(tmp_path / "x.png", (3, 6, 10), "")
    assert transparent
    assert np.array_equal(array, np.asarray(expected).transpose(2, 0, 1))


def test_a_transparent_colour_in_the_palette_is_white(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 10, 10])
    image.putpixel((0, 0), 0)
    image.save(tmp_path / "x.png", transparency=0)
    array = read_picture(tmp_path / "x.png", (3, 4, 4))
    assert array[:, 0, 0].tolist() == [255, 255, 255]
    assert array[:, 1, 1].tolist() == [200, 10, 10]


def test_opaque_alpha_is_not_called_transparent(pixels, tmp_path):
    colours(pixels).convert("RGBA").save(tmp_path / "x.png")
    assert not decode_picture(tmp_path / "x.png", (3, 6, 10), "")[1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_rotation_is_applied(pixels, tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("x.jpg", "x.png"):
        colours(pixels).save(tmp_path / name, exif=exif)
        with Image.open(tmp_path / name) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
        header = read_header(tmp_path / name)
        assert (header.width, header.height) == upright.size
        array = read_picture(tmp_path / name, (3, upright.height, upright.width))
        assert np.array_equal(array, np.asarray(upright).transpose(2, 0, 1))


def test_pad_keeps_the_whole_picture(tmp_path):
    Image.new("L", (20, 10), 200).save(tmp_path / "x.png")
    array = read_picture(tmp_path / "x.png", (1, 10, 10), "pad")[0]
    assert (array[:2] == 0).all()
    assert (array[8:] == 0).all()
    assert (array[3:7] == 200).all()


def test_crop_cuts_the_longer_side_in_the_middle(tmp_path):
    pixels = np.zeros((10, 30), np.uint8)
    pixels[:, 10:20] = 200
    Image.fromarray(pixels).save(tmp_path / "x.png")
    assert (read_picture(tmp_path / "x.png", (1, 10, 10), "crop") == 200).all()


def test_stretch_uses_every_pixel(pixels, tmp_path):
    image = Image.fromarray(pixels(6, 10))
    image.save(tmp_path / "x.png")
    expected = np.asarray(image.resize((8, 8), Image.Resampling.BILINEAR))
    assert np.array_equal(read_picture(tmp_path / "x.png", (1, 8, 8), "stretch")[0], expected)


def test_another_size_or_colour_is_refused(pixels, tmp_path):
    colours(pixels).save(tmp_path / "x.png")
    with pytest.raises(ShapeError, match=r"x\.png has 10x6 pixels, expected 28x28"):
        read_picture(tmp_path / "x.png", (3, 28, 28))
    with pytest.raises(ShapeError, match="is a colour picture, expected a grey one"):
        read_picture(tmp_path / "x.png", (1, 6, 10))
    grey = read_picture(tmp_path / "x.png", (1, 6, 10), convert=True)
    assert np.array_equal(grey[0], np.asarray(colours(pixels).convert("L")))


def test_a_missing_picture_is_said(tmp_path):
    with pytest.raises(ImageError) as caught:
        read_picture(tmp_path / "no.png", (1, 4, 4))
    assert str(caught.value).startswith("no.png cannot be read as a picture\n")


def test_pictures_of_a_folder_come_in_natural_order(pictures):
    root = pictures("a", count=12)
    names = [path.name for path in list_pictures(root)]
    assert names == [f"{number}.png" for number in range(12)]
    assert list_pictures(root / "a" / "3.png") == [root / "a" / "3.png"]
    with pytest.raises(DataNotFoundError, match="there is nothing at"):
        list_pictures(root / "missing")


def test_arrays_for_a_model_are_told_apart_by_its_shape(pixels):
    images = pixels(2, 3, 3, 3)
    assert np.array_equal(as_uint8(images, (3, 3, 3)), images)
    assert np.array_equal(
        as_uint8(pixels(2, 4, 4, 3), (3, 4, 4)), pixels(2, 4, 4, 3).transpose(0, 3, 1, 2)
    )
    assert as_uint8(pixels(2, 4, 4) / 255, (1, 4, 4)).tolist() == pixels(2, 4, 4)[:, None].tolist()
