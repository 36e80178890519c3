/** Finds the text of a QR code in a picture that the person has chosen. */
import decode from 'qr/decode.js';

/** Larger pictures are made smaller first, in pixels of the longer side. */
const LONGEST_SIDE = 1600;

/** How long a picture may be looked at, in milliseconds. */
const PATIENCE = 3000;

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
    const { data } = context.getImageData(0, 0, width, height);
    return decode({ width, height, data }, { format: 'RGBA', timeLimit: PATIENCE });
  } catch {
    return null;
  }
}
