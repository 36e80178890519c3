//! The tray's pictures: the app's icon, and on it a sign of a shape of its own for what is not well. Drawn here, so that they
//! follow the icon.

use tauri::image::Image;

use super::model::Picture;

const ICON: &[u8] = include_bytes!("../../icons/128x128.png");

/// The sign's width and height, as a part of the icon's.
const SIGN: f32 = 0.56;

type Colour = [f32; 3];

const AMBER: Colour = [255.0, 190.0, 40.0];
const GREY: Colour = [110.0, 118.0, 128.0];
const WHITE: Colour = [255.0, 255.0, 255.0];
const INK: Colour = [30.0, 24.0, 10.0];

/// The picture of a state.
pub(super) fn draw(picture: Picture) -> tauri::Result<Image<'static>> {
    let icon = Image::from_bytes(ICON)?;
    let (width, height) = (icon.width(), icon.height());
    let mut pixels = icon.rgba().to_vec();
    if picture == Picture::Stopped {
        fade(&mut pixels);
    }
    if picture != Picture::Running {
        // Pictures of this size are far below what a float counts exactly.
        #[allow(clippy::cast_precision_loss)]
        for (index, pixel) in pixels.chunks_exact_mut(4).enumerate() {
            let (column, row) = (index as u32 % width, index as u32 / width);
            let place = |at: u32, size: u32| ((at as f32 + 0.5) / size as f32 - (1.0 - SIGN)) / SIGN;
            paint(pixel, picture, place(column, width), place(row, height));
        }
    }
    Ok(Image::new_owned(pixels, width, height))
}

/// Takes the colour out of the icon.
fn fade(pixels: &mut [u8]) {
    for pixel in pixels.chunks_exact_mut(4) {
        let grey = (u16::from(pixel[0]) * 3 + u16::from(pixel[1]) * 6 + u16::from(pixel[2])) / 10;
        let grey = u8::try_from(grey).unwrap_or(u8::MAX);
        pixel[..3].fill(grey);
    }
}

/// Paints one pixel of the sign; x and y run from 0 to 1 within it.
fn paint(pixel: &mut [u8], picture: Picture, x: f32, y: f32) {
    match picture {
        Picture::Running => {}
        // A triangle with an exclamation mark.
        Picture::Trouble => {
            let edge = (y - 0.06).min((0.97 - y) * 2.0).min(((y - 0.06) - (x - 0.5).abs() * 1.9) * 0.5);
            blend(pixel, WHITE, edge + 0.1);
            blend(pixel, AMBER, edge);
            let stroke = (0.06 - (x - 0.5).abs()).min(y - 0.38).min(0.7 - y);
            let dot = 0.07 - (x - 0.5).hypot(y - 0.83);
            blend(pixel, INK, stroke.max(dot));
        }
        // A square: the sign for stop.
        Picture::Stopped => {
            let edge = 0.36 - (x - 0.5).abs().max((y - 0.5).abs());
            blend(pixel, WHITE, edge + 0.12);
            blend(pixel, GREY, edge);
        }
    }
}

/// Lays a colour over a pixel, as far as the pixel is inside: `inside` is the distance to the edge.
fn blend(pixel: &mut [u8], colour: Colour, inside: f32) {
    // One pixel is about this wide within the sign.
    const SOFT: f32 = 0.02;
    let cover = (inside / SOFT + 0.5).clamp(0.0, 1.0);
    let mix = |below: u8, above: f32| {
        let mixed = f32::from(below) * (1.0 - cover) + above * cover;
        // Between two bytes there are only bytes.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let byte = mixed.round() as u8;
        byte
    };
    for (channel, colour) in pixel.iter_mut().zip(colour.into_iter().chain([255.0])) {
        *channel = mix(*channel, colour);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Which pixels are lighter than the middle, that is the picture without its colours.
    fn shape(picture: Picture) -> Vec<bool> {
        let image = draw(picture).unwrap();
        image.rgba().chunks_exact(4).map(|p| u16::from(p[0]) + u16::from(p[1]) + u16::from(p[2]) > 384).collect()
    }

    #[test]
    fn the_pictures_differ_in_shape_and_not_in_colour_alone() {
        let shapes = [Picture::Running, Picture::Trouble, Picture::Stopped].map(shape);
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let pixels = shapes[one].len();
            let different = shapes[one].iter().zip(&shapes[other]).filter(|(one, other)| one != other).count();
            assert!(different * 20 > pixels, "{one} and {other} differ in {different} of {pixels} pixels");
        }
    }
}
