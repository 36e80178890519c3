/** Finds the text of a QR code in a picture that the person has chosen. */
import decode from 'qr/decode.js';

/** Larger pictures are made smaller first, in pixels of the longer side. */
const LONGEST_SIDE = 1600;

/** How long a picture may be looked at, in milliseconds. */
const PATIENCE = 3000;

/** The text of a code among pixels of four bytes; null if there is none. */
export function textOf(pixels: Pick<ImageData, 'width' | 'height' | 'data'>): string | null {
  try {
    return decode(pixels, { format: 'RGBA', timeLimit: PATIENCE });
  } catch {
    return null;
  }
}

/** The text, or null if the picture shows no code, or is no picture. */
export async function textIn(picture: Blob): Promise<string | null> {
  try {
    const bitmap = await createImageBitmap(picture);
    const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    const [width, height] = [Math.round(bitmap.width * scale), Math.round(bitmap.height * scale)];
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) return null;
    // What is transparent in the picture is paper.
    context.fillStyle = 'white';
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0, width, height);
    return textOf(context.getImageData(0, 0, width, height));
  } catch {
    return null;
  }
}
